import Glibc
import Syntax

/// Finds possible tokens in text that is about to be written where others can read it.
package enum TokenText {
    /// The beginnings of the tokens of this server and of Vault.
    package static let prefixes = ["coffer.", "hvs.", "hvb.", "hvr."]

    private static let dot = UInt8(ascii: ".")

    /// Whether the text contains a token, separated from other text or not.
    package static func occurs(in text: String) -> Bool {
        var text = text
        return text.withUTF8 { occurs(in: UnsafeRawBufferPointer($0)) }
    }

    /// Whether the text contains a token. Every prefix ends with a dot, which few paths contain, so most texts need one
    /// pass only.
    package static func occurs(in bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return false }
        var start = 0
        while start < bytes.count, let found = memchr(base + start, Int32(dot), bytes.count - start) {
            let place = UnsafeRawPointer(found) - base
            if let wanted = bodyBytesMin(bytes, before: place), hasBody(bytes, from: place + 1, of: wanted) { return true }
            start = place + 1
        }
        return false
    }

    /// Returns the number of characters that must follow the dot at `place` for a token to begin there, or nil if there is
    /// no prefix.
    private static func bodyBytesMin(_ bytes: UnsafeRawBufferPointer, before place: Int) -> Int? {
        guard place > 0, let base = bytes.baseAddress else { return nil }
        func precedes(_ name: StaticString) -> Bool {
            let count = name.utf8CodeUnitCount
            return place >= count && memcmp(base + place - count, name.utf8Start, count) == 0
        }
        switch bytes[place - 1] {
        case UInt8(ascii: "s"), UInt8(ascii: "b"), UInt8(ascii: "r"):
            if precedes("hvs") || precedes("hvb") || precedes("hvr") { return 9 }
            if precedes("coffer") { return 13 }
            // The prefix of tokens of old versions of Vault. A word may end with it, so more must follow.
            return place == 1 || !bytes[place - 2].isASCIILetterOrDigit ? 24 : nil
        default: return nil
        }
    }

    /// Whether that number of characters of a token follows. A segment of a path that begins with the prefix of a token
    /// counts whatever follows.
    private static func hasBody(_ bytes: UnsafeRawBufferPointer, from start: Int, of count: Int) -> Bool {
        guard bytes.count - start >= count else { return false }
        let body = bytes[start..<start + count]
        if body.allSatisfy({ $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == dot }) {
            return true
        }
        // The names of tokens have three or six bytes.
        let slash = UInt8(ascii: "/")
        let begin3 = start - 4
        let begin6 = start - 7
        let beginsSegment =
            begin3 == 0 || begin6 == 0 || begin3 > 0 && bytes[begin3 - 1] == slash || begin6 > 0 && bytes[begin6 - 1] == slash
        return beginsSegment && !body.contains(slash)
    }
}
