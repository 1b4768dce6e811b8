import Syntax

/// One thing that a capability token gives up. Every caveat of a token must hold.
package enum Caveat: Sendable, Hashable {
    /// Only paths that are one of these, or below one of these that ends in `/`.
    case paths([String])
    /// Only these operations, by their names: `read`, `list`, `create`, `update`, `patch`, `delete`.
    case operations([String])
    /// Only before this moment: seconds since 1970.
    case expiry(Int)
    /// Only so many times, counted under this name.
    case uses(Int, counter: String)
    /// Only from these addresses or ranges.
    case sources([String])

    static let bytesMax = 2_048
    static let countMax = 16
    static let counterLength = 32
}

extension Caveat {
    /// As it is written into the token and signed.
    var text: String {
        switch self {
        case .paths(let paths): "path=" + paths.joined(separator: "\n")
        case .operations(let names): "op=" + names.joined(separator: ",")
        case .expiry(let seconds): "exp=\(seconds)"
        case .uses(let count, let counter): "use=\(count):\(counter)"
        case .sources(let ranges): "src=" + ranges.joined(separator: ",")
        }
    }

    /// nil for what this version does not know: a caveat that cannot be checked does not hold.
    init?(text: String) {
        guard text.utf8.count <= Self.bytesMax, let mark = text.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let value = text[text.utf8.index(after: mark)...]
        let list = { (separator: Unicode.Scalar) in value.splitUTF8(at: separator, omittingEmpty: false).map(String.init)
        }
        switch text[..<mark] {
        case "path":
            self = .paths(list("\n"))
        case "op":
            let names = list(",")
            guard names.allSatisfy(Self.operationNames.contains) else { return nil }
            self = .operations(names)
        case "exp":
            guard let seconds = Int(value), (1...Self.expiryMax).contains(seconds) else { return nil }
            self = .expiry(seconds)
        case "use":
            let parts = list(":")
            guard parts.count == 2, let count = Int(parts[0]), (1...Self.usesMax).contains(count),
                parts[1].utf8.count == Self.counterLength,
                parts[1].utf8.allSatisfy({ $0.isLowercaseHexDigit })
            else { return nil }
            self = .uses(count, counter: parts[1])
        case "src":
            self = .sources(list(","))
        default: return nil
        }
        guard isSound else { return nil }
    }

    package static let operationNames: Set<String> = ["read", "list", "create", "update", "patch", "delete"]
    package static let usesMax = 1_000_000
    /// The end of the year 9999.
    package static let expiryMax = 253_402_300_799

    private var isSound: Bool {
        switch self {
        case .paths(let texts), .operations(let texts), .sources(let texts): !texts.isEmpty && texts.allSatisfy { !$0.isEmpty }
        case .expiry, .uses: true
        }
    }

    /// Whether the path is one of those that the caveat leaves. A prefix never covers half a segment.
    package static func covers(_ prefixes: [String], _ path: some StringProtocol) -> Bool {
        prefixes.contains { prefix in
            prefix.utf8.last == UInt8(ascii: "/") ? path.utf8.starts(with: prefix.utf8) : path.utf8.elementsEqual(prefix.utf8)
        }
    }
}
