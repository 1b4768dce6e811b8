import EngineKit

/// The corrected form of a path with doubled slashes, which arise when `$BASE/` and `/path` are joined.
///
/// Nothing else is corrected: dot segments, encoded slashes and other ambiguous paths are refused.
struct CleanPath {
    /// The path from the first slash, with the same percent-encoding.
    let text: String

    /// Corrects a path. Nil if it has no doubled slash, or if it is not valid without them.
    init?(_ path: String, prefix: String) {
        let slash = UInt8(ascii: "/")
        guard Self.hasDoubledSlash(path) else { return nil }
        var output: [UInt8] = []
        for byte in path.utf8 where byte != slash || output.last != slash { output.append(byte) }
        let text = String(decoding: output, as: UTF8.self)
        guard text.utf8.starts(with: prefix.utf8), text.utf8.count > prefix.utf8.count,
            (try? CanonicalPath(percentEncoded: String(Substring(text.utf8.dropFirst(prefix.utf8.count))))) != nil
        else { return nil }
        self.text = text
    }

    private static func hasDoubledSlash(_ path: String) -> Bool {
        var previous: UInt8 = 0
        for byte in path.utf8 {
            if byte == UInt8(ascii: "/"), previous == byte { return true }
            previous = byte
        }
        return false
    }
}
