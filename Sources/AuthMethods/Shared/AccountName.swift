import EngineKit
import Syntax

/// The name of a role or user in canonical form: in lower case and without surrounding spaces.
///
/// It is made before anything else looks at the name, so `Bob`, `BOB` and ` bob ` are one account with one counter of
/// failures.
struct AccountName: Sendable, Hashable {
    let text: String

    static let bytesMax = 128

    /// Returns nil unless the name consists of ASCII letters, digits and `_`, with `-`, `.` and, if allowed, `@` in
    /// between. Names are ASCII so that no two of them look alike.
    init?(_ name: String, allowsAt: Bool = false) {
        var bytes = Array(name.utf8)[...]
        while bytes.first == 0x20 { bytes.removeFirst() }
        while bytes.last == 0x20 { bytes.removeLast() }
        guard let first = bytes.first, let last = bytes.last, bytes.count <= Self.bytesMax, Self.isWord(first), Self.isWord(last),
            bytes.allSatisfy({ Self.isWord($0) || $0 == 0x2D || $0 == 0x2E || allowsAt && $0 == 0x40 })
        else { return nil }
        text = String(decoding: bytes.map { $0.asciiLowercased }, as: UTF8.self)
    }

    /// What a name may have, as a refusal says it after the name of a field.
    static let rule = "may have letters, digits, '_', '-' and '.', and \(bytesMax) bytes at most"
    /// The same for names that may have `@`.
    static let ruleWithAt = "may have letters, digits, '_', '-', '.' and '@', and \(bytesMax) bytes at most"

    private static func isWord(_ byte: UInt8) -> Bool {
        byte.isASCIILetterOrDigit || byte == 0x5F
    }
}

extension Request {
    /// Returns the name of a login in the audit: the mount and, if there is one, the account, such as `userpass-bob`.
    func displayName(_ account: String = "") -> String {
        let mount = mountPath.hasUTF8Prefix("auth/") ? mountPath.dropFirstUTF8(5) : mountPath[...]
        let source = mount.splitUTF8(at: "/").joined(separator: "-")
        return account.isEmpty ? source : source + "-" + account
    }
}
