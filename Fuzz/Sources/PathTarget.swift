import EngineKit

/// What is accepted has exactly one meaning: reading it again gives the same path, and no segment climbs.
func fuzzPath(_ bytes: UnsafeRawBufferPointer) {
    guard let text = String(validating: bytes, as: UTF8.self), let path = try? CanonicalPath(percentEncoded: text) else { return }
    precondition((try? CanonicalPath(decoded: path.description)) == path, "a canonical path is not canonical")
    let segments = path.text.split(separator: "/", omittingEmptySubsequences: false)
    precondition(segments.count <= CanonicalPath.segmentsMax && path.text.utf8.count <= CanonicalPath.bytesMax)
    for segment in segments {
        precondition(!segment.isEmpty && segment != "." && segment != "..", "an ambiguous segment was let through")
        precondition(!segment.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a control character was let through")
    }
}
