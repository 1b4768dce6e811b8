import Foundation
import Syntax

/// The name of a policy, such as `team/reader`, `kv:read` or `on call`: a path in lower case.
///
/// Every name is lowercased here, so that `ROOT` is `root` before it is compared. Names that resemble others (` root`,
/// full-width letters, a Cyrillic letter among Latin ones, `../root`) are refused.
package struct PolicyName: Sendable, Hashable, CustomStringConvertible {
    /// Why a name is refused. The raw values are the messages.
    package enum Refusal: String, Error, Sendable {
        case empty = "the policy name is empty"
        case tooLong = "the policy name is longer than 256 bytes"
        case badCharacter =
            "a policy name may not have control characters, '*', '+', ',', '\\', '\"', '{', '}', or space at either end"
        case notAPath = "a policy name may not have empty, '.' or '..' segments, a slash at either end, or percent-encoding"
        case lookAlike =
            "a policy name must be in Unicode normalization form KC and may not mix Latin letters with those of scripts that look alike"
    }

    /// The longest name, in bytes.
    package static let bytesMax = 256

    /// The policy that allows everything. It is never stored and never changed.
    package static let root = PolicyName(known: "root")
    /// The policy of every ordinary token.
    package static let `default` = PolicyName(known: "default")

    /// The name in lower case.
    package let text: String

    /// The name.
    package var description: String { text }

    /// Creates a name from text of a caller.
    ///
    /// - Throws: ``Refusal`` if no policy may have it.
    package init(_ name: String) throws(Refusal) {
        let bytes = name.utf8
        guard let first = bytes.first, let last = bytes.last else { throw .empty }
        guard bytes.count <= Self.bytesMax else { throw .tooLong }
        guard first != 0x20, last != 0x20, bytes.allSatisfy(Self.isAllowed) else { throw .badCharacter }
        guard last != UInt8(ascii: "/") else { throw .notAPath }
        do throws(CanonicalPath.Refusal) {
            _ = try CanonicalPath(decoded: name)
        } catch {
            switch error {
            case .notNormalised: throw .lookAlike
            case .controlCharacter: throw .badCharacter
            default: throw .notAPath
            }
        }
        text = name.lowercased()
        // Full-width letters, ligatures and wide spaces differ from their compatibility form.
        guard bytes.allSatisfy({ $0 < 0x80 }) || Self.isPlain(text) else { throw .lookAlike }
    }

    private init(known text: String) { self.text = text }

    /// A comma separates names, a star is a glob where roles name policies, and braces belong to templates.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F && !"*+,\\\"{}".utf8.contains(byte)
    }

    private static func isPlain(_ text: String) -> Bool {
        guard text.precomposedStringWithCompatibilityMapping.equalsUTF8(text) else { return false }
        let scalars = text.unicodeScalars
        return !scalars.contains { ("a"..."z").contains($0) } || !scalars.contains(where: looksLatin)
    }

    /// Whether the scalar is a Greek, Cyrillic, Armenian or Cherokee one, many of which look like Latin letters.
    private static func looksLatin(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0370...0x058F, 0x13A0...0x13FF, 0x1C80...0x1C8F, 0x1D00...0x1D7F, 0x1F00...0x1FFF, 0x2DE0...0x2DFF,
            0xA640...0xA69F, 0xAB30...0xABBF:
            true
        default: false
        }
    }
}
