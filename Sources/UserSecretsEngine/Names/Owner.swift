package import EngineKit
import Syntax

/// Whose secrets they are: the id of a user, as one segment of a path.
package struct Owner: Sendable, Hashable, CustomStringConvertible {
    /// The id.
    package let text: String

    /// The longest id, in bytes.
    package static let bytesMax = 255

    /// Words with which the operator's paths begin, so no owner can have them as its id.
    static let reserved: Set<String> = ["config", "owners", "rotation"]

    /// Creates an owner. Throws if the id cannot be one segment of a path, or is a reserved word.
    package init(_ text: String) throws(CofferError) {
        guard Self.isPlain(text) else {
            throw UserSecretsFailure.invalidField(
                "owner", "must be 1 to \(Self.bytesMax) bytes of NFC text without control characters, slashes or backslashes")
        }
        guard !Self.reserved.contains(text) else {
            throw UserSecretsFailure.invalidField("owner", "must not be one of the words config, owners and rotation")
        }
        self.text = text
    }

    /// The id.
    package var description: String { text }

    /// Whether the text can be one segment of a path. It must be its own canonical form, so that two ids that look the same are
    /// the same bytes.
    private static func isPlain(_ text: String) -> Bool {
        guard (1...bytesMax).contains(text.utf8.count),
            !text.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") })
        else { return false }
        return (try? CanonicalPath(decoded: text))?.text.equalsUTF8(text) ?? false
    }
}
