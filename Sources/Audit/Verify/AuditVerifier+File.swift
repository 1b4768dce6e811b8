import Glibc
import Syntax

extension AuditVerifier {
    private static let chunkBytes = 256 << 10

    /// Verifies a whole file. Throws only when it cannot be read.
    package static func verify(path: String, keys: Keys, checkpoint: AuditCheckpoint? = nil) throws(AuditError) -> AuditVerdict {
        var verifier = AuditVerifier(keys: keys, checkpoint: checkpoint)
        try read(path) { verifier.feed($0) }
        return verifier.finish()
    }

    package static func verify(_ bytes: [UInt8], keys: Keys, checkpoint: AuditCheckpoint? = nil) -> AuditVerdict {
        var verifier = AuditVerifier(keys: keys, checkpoint: checkpoint)
        _ = bytes.withUnsafeBytes { verifier.feed($0) }
        return verifier.finish()
    }

    /// The ids of the segments in a file in their order, for asking the server for their keys. What is no line is passed
    /// over: the verification will find it. Throws when there are more than ``segmentsMax``.
    package static func segments(path: String) throws(AuditError) -> [String] {
        var scan = SegmentScan()
        try read(path) { scan.feed($0) }
        guard scan.segments.count <= segmentsMax else { throw .unavailable("\(path): too many segments") }
        return scan.segments
    }

    private static func read(_ path: String, _ body: (UnsafeRawBufferPointer) -> Bool) throws(AuditError) {
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .unavailable("open \(path): \(SystemError.text(errno))") }
        defer { _ = Glibc.close(file) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkBytes, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = Glibc.read(file, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unavailable("read \(path): \(SystemError.text(errno))") }
            guard count > 0, body(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return }
        }
    }
}

/// Looks only at the start of each line.
private struct SegmentScan {
    var segments: [String] = []
    private var seen: Set<String> = []
    private var head: [UInt8] = []
    private static let headBytesMax = 64

    mutating func feed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let newline = rest.firstIndex(of: UInt8(ascii: "\n"))
            let piece = rest[..<(newline ?? rest.endIndex)]
            if head.count < Self.headBytesMax { head.append(contentsOf: piece.prefix(Self.headBytesMax - head.count)) }
            guard let newline else { return true }
            line()
            head.removeAll(keepingCapacity: true)
            rest = rest[(newline + 1)...]
        }
        return segments.count <= AuditVerifier.segmentsMax
    }

    private mutating func line() {
        let text = String(decoding: head, as: UTF8.self)
        guard text.hasUTF8Prefix("{\"seq\":"), let mark = text.rangeOfUTF8(",\"seg\":\"") else { return }
        let segment = String(text[mark.upperBound...].prefixUTF8 { $0 != UInt8(ascii: "\"") })
        guard ChainLine.isHex(segment.utf8, count: ChainLine.segmentHexBytes), seen.insert(segment).inserted else { return }
        segments.append(segment)
    }
}
