import EngineKit
import Syntax

/// The name of a role or user in its one form: without spaces around it and in lower case.
///
/// Made once, before anything looks at the name, so that `Bob`, `BOB` and ` bob ` are one account with one counter.
struct AccountName: Sendable, Hashable {
    let text: String

    static let bytesMax = 128

    /// Letters, digits and `_` with `-`, `.` and, if allowed, `@` inside; ASCII, so that no two spellings look alike.
    init?(_ name: String, allowsAt: Bool = false) {
        var bytes = Array(name.utf8)[...]
        while bytes.first == 0x20 { bytes.removeFirst() }
        while bytes.last == 0x20 { bytes.removeLast() }
        guard let first = bytes.first, let last = bytes.last, bytes.count <= Self.bytesMax, Self.isWord(first), Self.isWord(last),
            bytes.allSatisfy({ Self.isWord($0) || $0 == 0x2D || $0 == 0x2E || allowsAt && $0 == 0x40 })
        else { return nil }
        text = String(decoding: bytes.map { $0.asciiLowercased }, as: UTF8.self)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte.isASCIILetterOrDigit || byte == 0x5F
    }
}

extension Request {
    /// What a login is called in the audit: the mount and, if there is one, the account: `userpass-bob`.
    func displayName(_ account: String = "") -> String {
        let mount = mountPath.hasUTF8Prefix("auth/") ? mountPath.dropFirstUTF8(5) : mountPath[...]
        let source = mount.splitUTF8(at: "/").joined(separator: "-")
        return account.isEmpty ? source : source + "-" + account
    }
}
