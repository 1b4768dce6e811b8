/// A method of the Vault API.
public enum ClientMethod: String, Sendable {
    /// Reads a path.
    case get = "GET"
    /// Reads the headers of a path's answer.
    case head = "HEAD"
    /// Lists the names below a path. Sent as `GET ?list=true`, because some proxies refuse the method `LIST`.
    case list = "LIST"
    /// Writes a path or runs an operation.
    case post = "POST"
    /// Writes a path or runs an operation. The Vault API treats it like ``post``.
    case put = "PUT"
    /// Changes some members of a record, usually with a JSON merge patch (RFC 7396).
    case patch = "PATCH"
    /// Deletes a path.
    case delete = "DELETE"
}

/// One `name=value` pair of a URL's query, not percent-encoded.
public struct QueryItem: Sendable, Hashable {
    /// The name before the `=`.
    public var name: String
    /// The value after the `=`.
    public var value: String

    /// Creates a pair.
    ///
    /// - Parameters:
    ///   - name: The name, not percent-encoded.
    ///   - value: The value, not percent-encoded.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// One header field of a request or an answer.
public struct HeaderItem: Sendable, Hashable {
    /// The field's name. Upper and lower case are equivalent (RFC 9110, section 5.1).
    public var name: String
    /// The field's value.
    public var value: String

    /// Creates a header field.
    ///
    /// - Parameters:
    ///   - name: The field's name.
    ///   - value: The field's value, without line breaks.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Whether the name is a token (RFC 9110, section 5.6.2) and the value has no control characters.
    var isSendable: Bool {
        let separators = Set("\"(),/:;<=>?@[\\]{}".utf8)
        return !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !separators.contains($0) }
            && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }
}

extension [HeaderItem] {
    /// Returns the value of the first field with the given name.
    ///
    /// - Parameter name: The field's name, in any case.
    /// - Returns: The value, or nil if there is no such field.
    public func first(named name: String) -> String? {
        first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
