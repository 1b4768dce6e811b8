public enum ClientMethod: String, Sendable {
    case get = "GET"
    case head = "HEAD"
    /// Sent as `GET ?list=true`, which passes through every proxy.
    case list = "LIST"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
}

/// One `name=value` of a URL's query, not yet percent-encoded.
public struct QueryItem: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// One header field of a request or an answer.
public struct HeaderItem: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// A token character name (RFC 9110 5.6.2) and a value without control characters.
    var isSendable: Bool {
        let separators = Set("\"(),/:;<=>?@[\\]{}".utf8)
        return !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !separators.contains($0) }
            && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }
}

extension [HeaderItem] {
    /// The value of the first field of that name, whatever the case.
    public func first(named name: String) -> String? {
        first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
