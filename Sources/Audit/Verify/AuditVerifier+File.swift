extension AuditVerifier {
    /// Verifies files as one trail, in the order given.
    ///
    /// - Throws: ``AuditError/unavailable(_:)`` if a file cannot be read.
    package static func verify(
        paths: [String], keys: Keys, checkpoint: AuditCheckpoint? = nil, tail: Tail = .complete, accessor: String? = nil
    ) throws(AuditError) -> AuditVerdict {
        var verifier = AuditVerifier(keys: keys, checkpoint: checkpoint, tail: tail, accessor: accessor)
        for path in paths { try AuditFile.read(path) { verifier.feed($0) } }
        return verifier.finish()
    }

    /// Verifies the bytes of a file.
    package static func verify(
        _ bytes: [UInt8], keys: Keys, checkpoint: AuditCheckpoint? = nil, tail: Tail = .complete
    ) -> AuditVerdict {
        var verifier = AuditVerifier(keys: keys, checkpoint: checkpoint, tail: tail)
        _ = bytes.withUnsafeBytes { verifier.feed($0) }
        return verifier.finish()
    }

    /// Returns the ids of the segments in a file in their order, so that their keys can be requested from the server. Lines
    /// that cannot be parsed are skipped; the verification reports them.
    ///
    /// - Throws: ``AuditError/unavailable(_:)`` if the file cannot be read or has more than ``segmentsMax`` segments.
    package static func segments(path: String) throws(AuditError) -> [String] {
        var scan = SegmentScan()
        try AuditFile.read(path) { scan.feed($0) }
        guard scan.segments.count <= segmentsMax else { throw .unavailable("\(path): more than \(segmentsMax) segments") }
        return scan.segments
    }
}

/// Reads the segment id at the beginning of each line.
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
        guard let segment = ChainLine.segment(ofLineThatBegins: head) else { return }
        if seen.insert(segment).inserted { segments.append(segment) }
    }
}
