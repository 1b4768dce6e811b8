import Hashes
import Crypto
package import SecretMemory

/// Reads an audit file as a stream and finds the first line that was changed, removed, reordered, inserted or cut off.
///
/// Memory is bounded by the longest line. No input is an error: whatever is wrong becomes the verdict. What the available keys
/// cannot decide becomes a doubt instead of a finding, since an intact file that is newer than its keys must not be reported as
/// changed, nor a shortened copy as intact.
package struct AuditVerifier: Sendable {
    /// The number of segments whose keys the server discloses, or a verifier collects, at once.
    package static let segmentsMax = 10_000

    /// The keys that lines are verified with.
    package enum Keys: Sendable {
        /// The chain key of the device, from which all segment keys are derived.
        case device(SecretBytes)
        /// Segment keys that the server disclosed, by segment id, and the id of the segment that it was writing then.
        case segments([String: SecretBytes], live: String?)
    }

    /// What is known about the end of the file.
    package enum Tail: Sendable {
        /// The file was read after the checkpoint was made, so it must contain the checkpoint's line.
        case complete
        /// The file is a copy from an unknown time.
        case copy
    }

    private let keys: Keys
    private let checkpoint: AuditCheckpoint?
    private let tail: Tail
    /// The accessor of the device that the keys belong to, if known.
    private let accessor: String?
    /// Whether the rest of the file need not be read, because no finding can be made.
    private var isOver = false
    private var verdict = AuditVerdict()
    /// The beginning of a line whose end has not been read yet.
    private var partial: [UInt8] = []
    /// The sequence number and MAC of the previous line, verified or not.
    private var lastSequence: UInt64?
    private var lastMAC: [UInt8] = []
    /// The segment of the previous line, and its key if available.
    private var segment = ""
    private var segmentKey: KeyedHash?
    /// Whether the segment that the server was writing has begun.
    private var isLiveSeen = false

    /// Creates a verifier.
    ///
    /// - Parameter checkpoint: The end of the trail as the server knew it.
    /// - Parameter accessor: The accessor of the device that the keys belong to, if known. The lines of another device are then
    ///   in doubt.
    package init(keys: Keys, checkpoint: AuditCheckpoint? = nil, tail: Tail = .complete, accessor: String? = nil) {
        self.keys = keys
        self.accessor = accessor
        self.checkpoint = checkpoint
        self.tail = tail
    }

    /// Reads the next bytes of the file. Returns false if the rest need not be read.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes[...]
        while verdict.finding == nil, !isOver, let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
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
        guard verdict.finding == nil, !isOver else { return false }
        guard partial.count + rest.count <= ChainLine.bytesMax else {
            verdict.lines += 1
            fail(.malformed)
            return false
        }
        partial.append(contentsOf: rest)
        return true
    }

    /// Returns the verdict, after the whole file was fed.
    package mutating func finish() -> AuditVerdict {
        guard verdict.finding == nil, !isOver else { return verdict }
        if !partial.isEmpty { endInsideLine() }
        if verdict.finding == nil, verdict.lines == 0 { fail(.empty) }
        if verdict.finding == nil { compareEnd() }
        return verdict
    }

    /// Whether the line of the checkpoint has been read.
    private var isCheckpointReached: Bool {
        guard let checkpoint, let last = verdict.lastSequence else { return false }
        return last >= checkpoint.sequence
    }

    /// Judges an incomplete last line. The server may be writing it at this moment, which cannot be true of a line before the
    /// checkpoint.
    private mutating func endInsideLine() {
        verdict.lines += 1
        switch tail {
        case .copy: doubt(.torn)
        case .complete where isCheckpointReached: verdict.unverifiedLines += 1
        case .complete: fail(.torn)
        }
    }

    /// Compares the end of the file with the checkpoint.
    private mutating func compareEnd() {
        verdict.isCheckpointed = isCheckpointReached
        switch tail {
        case .complete: if checkpoint != nil, !isCheckpointReached { fail(.cutOff) }
        case .copy:
            if checkpoint != nil, !isCheckpointReached {
                doubt(.olderThanKeys)
            } else if !isCheckpointReached, !verdict.isEnded {
                doubt(.openEnd)
            }
        }
    }

    /// Verifies one line.
    private mutating func line(_ bytes: UnsafeRawBufferPointer) {
        verdict.lines += 1
        guard let line = ChainLine(bytes) else { return fail(.malformed) }
        let isNewSegment = line.segment != segment
        if tail == .copy, verdict.lines == 1, let accessor, let writer = line.deviceAccessor, writer != accessor {
            // These keys can prove nothing about another device's lines.
            isOver = true
            return doubt(.otherDevice, segment: line.segment, device: writer)
        }
        guard let key = isNewSegment ? key(of: line.segment) : segmentKey else { return unverified(line) }
        // The disclosed keys are those of segments before the live one.
        guard !isLiveSeen else { return fail(.misplaced) }
        guard line.isSealed(by: key) else { return fail(.changed) }
        guard isLinked(line) else { return }
        let kind = line.kind
        // Each segment begins with a header, and only a header may follow an end.
        guard (kind == .segment) == isNewSegment, !verdict.isEnded || isNewSegment else { return fail(.misplaced) }
        (segment, segmentKey) = (line.segment, key)
        accept(line, kind)
    }

    /// Whether the line follows the previous one.
    private mutating func isLinked(_ line: ChainLine) -> Bool {
        guard let last = lastSequence else { return true }
        guard line.sequence > last else {
            fail(.outOfOrder)
            return false
        }
        guard line.sequence - last == 1 else {
            fail(.missing)
            return false
        }
        guard line.previous.elementsEqual(lastMAC) else {
            fail(.unlinked)
            return false
        }
        return true
    }

    /// Counts a line whose MAC is valid, and compares it with the checkpoint.
    private mutating func accept(_ line: ChainLine, _ kind: ChainLine.Kind) {
        if verdict.firstSequence == nil {
            guard lastSequence != nil || !line.continuesThisFile else { return fail(.missing) }
            verdict.firstSequence = line.sequence
        }
        verdict.lastSequence = line.sequence
        verdict.isEnded = kind == .end
        advance(to: line)
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

    /// Counts a line whose key is not available. Its position must fit, and its content proves nothing. At the end of the file
    /// such lines are expected, since the key of the live segment is not disclosed; elsewhere they raise a doubt.
    private mutating func unverified(_ line: ChainLine) {
        guard isLinked(line) else { return }
        if case .segments(_, let live?) = keys, line.segment == live {
            isLiveSeen = true
        } else if !(isLiveSeen && tail == .complete) {
            // In a file that is still being written, the live segment may be followed by newer ones, which is expected.
            doubt(.noKey, segment: line.segment)
        }
        verdict.unverifiedLines += 1
        verdict.isEnded = false
        (segment, segmentKey) = (line.segment, nil)
        advance(to: line)
    }

    private mutating func advance(to line: ChainLine) {
        lastSequence = line.sequence
        lastMAC = Array(line.mac)
    }

    /// Returns the key of a segment, or nil if it is not available.
    private func key(of segment: String) -> KeyedHash? {
        switch keys {
        case .device(let key):
            DeviceKeys.segmentKey(key.withBytes { SymmetricKey(data: $0) }, segment).keyedHash
        case .segments(let keys, let live): segment == live ? nil : keys[segment]?.keyedHash
        }
    }

    /// Records a doubt. Only the first one counts.
    private mutating func doubt(_ reason: AuditVerdict.Doubt.Reason, segment: String? = nil, device: String? = nil) {
        guard verdict.doubt == nil else { return }
        verdict.doubt = .init(line: verdict.lines, reason: reason, segment: segment, device: device)
    }

    private mutating func fail(_ reason: AuditVerdict.Finding.Reason) {
        verdict.finding = .init(line: verdict.lines, reason: reason)
    }
}
