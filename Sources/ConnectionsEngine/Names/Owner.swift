package import EngineKit
import Syntax

/// Whose connections they are: `user:u123` or `project:pf_203`.
package struct Owner: Sendable, Hashable, CustomStringConvertible {
    package enum Kind: String, Sendable { case user, project }

    package let kind: Kind
    package let id: String

    package static let idBytesMax = 256

    package init(kind: Kind, id: String) throws(CofferError) {
        guard Self.isPlain(id) else {
            throw .invalid(
                "an owner's id must be at most 256 bytes of NFC text without control characters, slashes or backslashes"
            )
        }
        self.kind = kind
        self.id = id
    }

    package init(_ text: String) throws(CofferError) {
        let parts = text.splitUTF8(at: ":", maxSplits: 1, omittingEmpty: false)
        guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])) else {
            throw .invalid("an owner is written user:ID or project:ID")
        }
        try self.init(kind: kind, id: String(parts[1]))
    }

    package var description: String { "\(kind.rawValue):\(id)" }

    /// What is one segment of a path, so that there is one form of it: two texts that look the same are the same bytes.
    private static func isPlain(_ id: String) -> Bool {
        guard (1...idBytesMax).contains(id.utf8.count),
            !id.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") })
        else { return false }
        return (try? CanonicalPath(decoded: id))?.text.equalsUTF8(id) ?? false
    }
}

/// Lower-case words that stand in paths: environments and platforms.
package enum Word {
    package static let bytesMax = 64

    /// Folded to lower case; nil when it is none.
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

/// One connection: an owner's grant on a platform in an environment.
package struct ConnectionID: Sendable, Hashable, CustomStringConvertible {
    package var owner: Owner
    package var environment: String
    package var platform: String

    package init(owner: Owner, environment: String, platform: String) {
        self.owner = owner
        self.environment = environment
        self.platform = platform
    }

    /// `user:u123/prod/slack`.
    package init?(path: some StringProtocol) {
        let parts = String(path).splitUTF8(at: "/")
        guard parts.count == 3, let owner = try? Owner(String(parts[0])) else { return nil }
        self.init(owner: owner, environment: String(parts[1]), platform: String(parts[2]))
    }

    package var description: String { "\(owner)/\(environment)/\(platform)" }
}
