import Syntax

/// A limit of a capability token. All limits of a token apply.
package enum Caveat: Sendable, Hashable {
    /// The paths that may be used: these, and those below the ones that end in `/`.
    case paths([String])
    /// The operations that may be used: `read`, `list`, `create`, `update`, `patch` or `delete`.
    case operations([String])
    /// The time until which the token is valid, in seconds since 1970.
    case expiry(Int)
    /// The largest number of uses, counted under this name.
    case uses(Int, counter: String)
    /// The addresses and ranges from which the token may be used.
    case sources([String])

    static let bytesMax = 2_048
    static let countMax = 16
    static let counterLength = 32
}

extension Caveat {
    /// The limit as it is written in the token and signed.
    var text: String {
        switch self {
        case .paths(let paths): "path=" + paths.joined(separator: "\n")
        case .operations(let names): "op=" + names.joined(separator: ",")
        case .expiry(let seconds): "exp=\(seconds)"
        case .uses(let count, let counter): "use=\(count):\(counter)"
        case .sources(let ranges): "src=" + ranges.joined(separator: ",")
        }
    }

    /// Reads a limit. Returns nil for a kind that this version does not know, because a limit that cannot be checked is not
    /// met.
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

    /// The names of the operations.
    package static let operationNames: Set<String> = ["read", "list", "create", "update", "patch", "delete"]
    /// The largest number of uses.
    package static let usesMax = 1_000_000
    /// The latest expiry: the end of the year 9999.
    package static let expiryMax = 253_402_300_799

    private var isSound: Bool {
        switch self {
        case .paths(let texts), .operations(let texts), .sources(let texts): !texts.isEmpty && texts.allSatisfy { !$0.isEmpty }
        case .expiry, .uses: true
        }
    }

    /// Whether the limit allows a path. A prefix covers whole segments only.
    package static func covers(_ prefixes: [String], _ path: some StringProtocol) -> Bool {
        prefixes.contains { prefix in
            prefix.utf8.last == UInt8(ascii: "/") ? path.utf8.starts(with: prefix.utf8) : path.utf8.elementsEqual(prefix.utf8)
        }
    }
}
