/// The name of a policy: ASCII, lower case, and nothing that a path or a cache key could read differently.
///
/// Every door lower-cases through here, so `ROOT` is `root` before anything compares it, and look-alikes
/// (` Root`, full-width letters, `../root`) are no names at all.
package struct PolicyName: Sendable, Hashable, CustomStringConvertible {
    package enum Refusal: String, Error, Sendable {
        case empty = "the policy name is empty"
        case tooLong = "the policy name is longer than 128 bytes"
        case badCharacter = "a policy name may have letters, digits, '_', '.' and '-', and starts with a letter or digit"
        case dots = "a policy name may not have '..'"
    }

    package static let bytesMax = 128

    /// Every permission; never stored, never changed.
    package static let root = PolicyName(known: "root")
    /// What every ordinary token has.
    package static let `default` = PolicyName(known: "default")

    package let text: String

    package var description: String { text }

    package init(_ name: String) throws(Refusal) {
        let bytes = Array(name.utf8)
        guard let first = bytes.first else { throw .empty }
        guard bytes.count <= Self.bytesMax else { throw .tooLong }
        guard Self.isLetterOrDigit(first), bytes.allSatisfy({ Self.isLetterOrDigit($0) || "_.-".utf8.contains($0) }) else {
            throw .badCharacter
        }
        guard !zip(bytes, bytes.dropFirst()).contains(where: { $0 == 0x2E && $1 == 0x2E }) else { throw .dots }
        text = String(decoding: bytes.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    private init(known text: String) { self.text = text }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte >= 0x30 && byte <= 0x39
    }
}
