import Hashes
import Crypto
package import SecretMemory

/// Reads an audit file as a stream and finds the first line that was changed, removed, reordered, inserted or cut off.
///
/// Memory is bounded by the longest line. Never fails on any bytes: what is wrong is the verdict.
package struct AuditVerifier: Sendable {
    /// Segments whose keys are given out or remembered at once.
    package static let segmentsMax = 10_000

    package enum Keys: Sendable {
        /// The device's chain key, from which every segment's comes.
        case device(SecretBytes)
        /// What the server gave out.
        case segments([String: SecretBytes], live: String?)
    }

    private let keys: Keys
    private let checkpoint: AuditCheckpoint?
    private var verdict = AuditVerdict()
    /// The start of a line whose end has not come yet.
    private var partial: [UInt8] = []
    private var lastMAC: [UInt8] = []
    private var segment = ""
    private var segmentKey: KeyedHash?
    private var isCheckpointSeen = false

    package init(keys: Keys, checkpoint: AuditCheckpoint? = nil) {
        self.keys = keys
        self.checkpoint = checkpoint
    }

    /// Takes the next bytes of the file. False when the rest need not be read.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes[...]
        while verdict.finding == nil, let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let piece = rest[..<newline]
            if partial.isEmpty {
                line(UnsafeRawBufferPointer(rebasing: piece))
            } else {
                partial.append(contentsOf: piece)
                let whole = partial
                partial.removeAll(keepingCapacity: true)
                whole.withUnsafeBytes { line($0) }
            }
            rest = rest[(newline + 1)...]
        }
        guard verdict.finding == nil else { return false }
        guard partial.count + rest.count <= ChainLine.bytesMax else {
            verdict.lines += 1
            fail(.malformed)
            return false
        }
        partial.append(contentsOf: rest)
        return true
    }

    package mutating func finish() -> AuditVerdict {
        if verdict.finding == nil, !partial.isEmpty {
            verdict.lines += 1
            fail(.torn)
        }
        if verdict.finding == nil, verdict.lines == 0 { fail(.empty) }
        if let checkpoint, verdict.finding == nil { compareEnd(checkpoint) }
        return verdict
    }

    private mutating func compareEnd(_ checkpoint: AuditCheckpoint) {
        guard let last = verdict.lastSequence else { return fail(.cutOff) }
        verdict.isCheckpointed = true
        if last < checkpoint.sequence { fail(.cutOff) }
    }

    private mutating func line(_ bytes: UnsafeRawBufferPointer) {
        verdict.lines += 1
        guard let line = ChainLine(bytes) else { return fail(.malformed) }
        if case .segments(_, let live?) = keys, line.segment == live { return unverified(line) }
        guard verdict.unverifiedLines == 0 else { return fail(.misplaced) }
        let isNewSegment = line.segment != segment
        guard let key = isNewSegment ? key(of: line.segment) : segmentKey else { return fail(.unknownSegment) }
        guard line.isSealed(by: key) else { return fail(.changed) }
        guard isLinked(line) else { return }
        let kind = line.kind
        // A header begins a segment and nothing else does; after an end only a header may come.
        guard (kind == .segment) == isNewSegment, !verdict.isEnded || isNewSegment else { return fail(.misplaced) }
        (segment, segmentKey) = (line.segment, key)
        accept(line, kind)
    }

    private mutating func isLinked(_ line: ChainLine) -> Bool {
        guard let last = verdict.lastSequence else { return true }
        guard line.sequence >= last + 1 else {
            fail(.outOfOrder)
            return false
        }
        guard line.sequence == last + 1 else {
            fail(.missing)
            return false
        }
        guard line.previous.elementsEqual(lastMAC) else {
            fail(.unlinked)
            return false
        }
        return true
    }

    private mutating func accept(_ line: ChainLine, _ kind: ChainLine.Kind) {
        if verdict.firstSequence == nil {
            guard !line.continuesThisFile else { return fail(.missing) }
            verdict.firstSequence = line.sequence
        }
        verdict.lastSequence = line.sequence
        verdict.isEnded = kind == .end
        lastMAC = Array(line.mac)
        switch kind {
        case .segment: verdict.segments += 1
        case .repair: verdict.repairs += 1
        case .interruption: return fail(.recordedBreak)
        case .end, .record: break
        }
        if let checkpoint, line.sequence == checkpoint.sequence, !line.mac.elementsEqual(checkpoint.mac.utf8) {
            fail(.replaced)
        }
    }

    /// The live segment: its frame must fit, and its lines count as nothing.
    private mutating func unverified(_ line: ChainLine) {
        if verdict.unverifiedLines == 0 {
            guard isLinked(line) else { return }
        }
        verdict.unverifiedLines += 1
    }

    private func key(of segment: String) -> KeyedHash? {
        switch keys {
        case .device(let key):
            DeviceKeys.segmentKey(key.withBytes { SymmetricKey(data: $0) }, segment).keyedHash
        case .segments(let keys, _): keys[segment]?.keyedHash
        }
    }

    private mutating func fail(_ reason: AuditVerdict.Finding.Reason) {
        verdict.finding = .init(line: verdict.lines, reason: reason)
    }
}
