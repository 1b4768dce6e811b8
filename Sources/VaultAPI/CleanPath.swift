import EngineKit

/// A path that was written with doubled slashes and is acceptable without them, as `$BASE/` followed by `/path` makes one.
///
/// Nothing else is mended: dot segments, encoded slashes and whatever else could be read in two ways stay refused.
struct CleanPath {
    /// From the first slash, as encoded as it came.
    let text: String

    /// nil when there is no doubled slash, or when more than that is wrong.
    init?(_ path: String, prefix: String) {
        let slash = UInt8(ascii: "/")
        guard zip(path.utf8, path.utf8.dropFirst()).contains(where: { $0 == slash && $1 == slash }) else { return nil }
        var output: [UInt8] = []
        for byte in path.utf8 where byte != slash || output.last != slash { output.append(byte) }
        let text = String(decoding: output, as: UTF8.self)
        guard text.utf8.starts(with: prefix.utf8), text.utf8.count > prefix.utf8.count,
            (try? CanonicalPath(percentEncoded: String(Substring(text.utf8.dropFirst(prefix.utf8.count))))) != nil
        else { return nil }
        self.text = text
    }
}
