import Hashes
import Crypto
package import SecretMemory

/// Reads an audit file as a stream and finds the first line that was changed, removed, reordered, inserted or cut off.
///
/// Memory is bounded by the longest line. Never fails on any bytes: what is wrong is the verdict. What the keys at hand
/// cannot decide is a doubt and not a finding: an honest file that is newer than its keys must not be called changed, nor a
/// shortened copy intact.
package struct AuditVerifier: Sendable {
    /// Segments whose keys are given out or remembered at once.
    package static let segmentsMax = 10_000

    package enum Keys: Sendable {
        /// The device's chain key, from which every segment's comes.
        case device(SecretBytes)
        /// What the server gave out.
        case segments([String: SecretBytes], live: String?)
    }

    package enum Tail: Sendable {
        /// The file was read after the checkpoint was made, so whatever the checkpoint knows must be there.
        case complete
        /// A copy, made at a time that nobody vouches for.
        case copy
    }

    private let keys: Keys
    private let checkpoint: AuditCheckpoint?
    private let tail: Tail
    /// Whose lines the keys open, when that is known.
    private let accessor: String?
    private var isOver = false
    private var verdict = AuditVerdict()
    /// The start of a line whose end has not come yet.
    private var partial: [UInt8] = []
    /// Of the line before, verified or not.
    private var lastSequence: UInt64?
    private var lastMAC: [UInt8] = []
    private var segment = ""
    private var segmentKey: KeyedHash?
    private var isLiveSeen = false

    package init(keys: Keys, checkpoint: AuditCheckpoint? = nil, tail: Tail = .complete, accessor: String? = nil) {
        self.keys = keys
        self.accessor = accessor
        self.checkpoint = checkpoint
        self.tail = tail
    }

    /// Takes the next bytes of the file. False when the rest need not be read.
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

    package mutating func finish() -> AuditVerdict {
        guard verdict.finding == nil, !isOver else { return verdict }
        if !partial.isEmpty { endInsideLine() }
        if verdict.finding == nil, verdict.lines == 0 { fail(.empty) }
        if verdict.finding == nil { compareEnd() }
        return verdict
    }

    private var isCheckpointReached: Bool {
        guard let checkpoint, let last = verdict.lastSequence else { return false }
        return last >= checkpoint.sequence
    }

    /// A reader may meet a line that is just being written; before the checkpoint no such line can be left.
    private mutating func endInsideLine() {
        verdict.lines += 1
        switch tail {
        case .copy: doubt(.torn)
        case .complete where isCheckpointReached: verdict.unverifiedLines += 1
        case .complete: fail(.torn)
        }
    }

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

    private mutating func line(_ bytes: UnsafeRawBufferPointer) {
        verdict.lines += 1
        guard let line = ChainLine(bytes) else { return fail(.malformed) }
        let isNewSegment = line.segment != segment
        if tail == .copy, verdict.lines == 1, let accessor, let writer = line.deviceAccessor, writer != accessor {
            // Whatever was done to it, these keys are not the ones to tell.
            isOver = true
            return doubt(.otherDevice, segment: line.segment, device: writer)
        }
        guard let key = isNewSegment ? key(of: line.segment) : segmentKey else { return unverified(line) }
        // Keys are given out for what lies before the live segment.
        guard !isLiveSeen else { return fail(.misplaced) }
        guard line.isSealed(by: key) else { return fail(.changed) }
        guard isLinked(line) else { return }
        let kind = line.kind
        // A header begins a segment and nothing else does; after an end only a header may come.
        guard (kind == .segment) == isNewSegment, !verdict.isEnded || isNewSegment else { return fail(.misplaced) }
        (segment, segmentKey) = (line.segment, key)
        accept(line, kind)
    }

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

    /// A line without its key: its frame must fit, and its content counts as nothing. That the live segment stands at the
    /// end is as it should be; any other leaves a doubt.
    private mutating func unverified(_ line: ChainLine) {
        guard isLinked(line) else { return }
        if case .segments(_, let live?) = keys, line.segment == live {
            isLiveSeen = true
        } else if !(isLiveSeen && tail == .complete) {
            // Behind the live segment, in a file that goes on being written, others may have begun theirs.
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

    private func key(of segment: String) -> KeyedHash? {
        switch keys {
        case .device(let key):
            DeviceKeys.segmentKey(key.withBytes { SymmetricKey(data: $0) }, segment).keyedHash
        case .segments(let keys, let live): segment == live ? nil : keys[segment]?.keyedHash
        }
    }

    /// Keeps the first.
    private mutating func doubt(_ reason: AuditVerdict.Doubt.Reason, segment: String? = nil, device: String? = nil) {
        guard verdict.doubt == nil else { return }
        verdict.doubt = .init(line: verdict.lines, reason: reason, segment: segment, device: device)
    }

    private mutating func fail(_ reason: AuditVerdict.Finding.Reason) {
        verdict.finding = .init(line: verdict.lines, reason: reason)
    }
}
