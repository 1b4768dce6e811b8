package import EngineKit
import Syntax

/// The owner of connections, such as `user:u123` or `project:pf_203`.
package struct Owner: Sendable, Hashable, CustomStringConvertible {
    /// Whether the owner is a user or a project.
    package enum Kind: String, Sendable { case user, project }

    /// Whether the owner is a user or a project.
    package let kind: Kind
    /// The id of the user or project.
    package let id: String

    /// The longest id.
    package static let idBytesMax = 256

    /// Creates an owner. Throws if the id cannot be a segment of a path.
    package init(kind: Kind, id: String) throws(CofferError) {
        guard Self.isPlain(id) else {
            throw .invalid(
                "an owner's id must be 1 to 256 bytes of NFC text without control characters, slashes or backslashes"
            )
        }
        self.kind = kind
        self.id = id
    }

    /// Parses `user:ID` or `project:ID`.
    package init(_ text: String) throws(CofferError) {
        let parts = text.splitUTF8(at: ":", maxSplits: 1, omittingEmpty: false)
        guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])) else {
            throw .invalid("an owner must be written as user:ID or project:ID")
        }
        try self.init(kind: kind, id: String(parts[1]))
    }

    /// The owner as text, such as `user:u123`.
    package var description: String { "\(kind.rawValue):\(id)" }

    /// Whether an id can be one segment of a path. Its canonical form must be the id itself, so that two ids that look the same
    /// are the same bytes.
    private static func isPlain(_ id: String) -> Bool {
        guard (1...idBytesMax).contains(id.utf8.count),
            !id.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") })
        else { return false }
        return (try? CanonicalPath(decoded: id))?.text.equalsUTF8(id) ?? false
    }
}

/// Short names that are one segment of a path, such as those of environments and platforms: lower-case letters, digits, `_` and
/// `-`.
package enum Slug {
    /// The longest slug.
    package static let bytesMax = 64

    /// Returns the text in lower case, or nil if that is not a slug.
    package static func folded(_ text: String) -> String? {
        let folded = String(decoding: text.utf8.map { $0.asciiLowercased }, as: UTF8.self)
        guard (1...bytesMax).contains(folded.utf8.count), let first = folded.utf8.first, first != UInt8(ascii: "-") else {
            return nil
        }
        let isPlain = folded.utf8.allSatisfy { byte in
            byte.isASCIILowercase || byte.isASCIIDigit || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
        }
        return isPlain ? folded : nil
    }
}

/// The name of a connection: an owner's grant on a platform in an environment.
package struct ConnectionID: Sendable, Hashable, CustomStringConvertible {
    /// The owner of the connection.
    package var owner: Owner
    /// The environment, such as `prod`.
    package var environment: String
    /// The platform, such as `slack`.
    package var platform: String
}

extension ConnectionID {
    /// Parses a path such as `user:u123/prod/slack`. Returns nil if it does not have that form.
    package init?(path: some StringProtocol) {
        let parts = String(path).splitUTF8(at: "/")
        guard parts.count == 3, let owner = try? Owner(String(parts[0])) else { return nil }
        self.init(owner: owner, environment: String(parts[1]), platform: String(parts[2]))
    }

    /// The path of the connection, such as `user:u123/prod/slack`.
    package var description: String { "\(owner)/\(environment)/\(platform)" }
}
