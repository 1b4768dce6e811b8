import Hashes
import EngineKit

/// The position at which a chain continues when its device is opened, and what it must record about what was found there.
struct ChainStart: Sendable, Equatable {
    /// How a segment begins: the `start` member of its header.
    enum Origin: String, Sendable {
        /// With the first line of a new chain.
        case new
        /// After the last line of this file.
        case continued
        /// After a line that is not in this file, because the file was rotated.
        case elsewhere
        /// After content that cannot be trusted. A `break` line follows and gives the reason.
        case broken
        /// After a segment whose key was disclosed to a verifier.
        case rolled
    }

    /// Damage that was found. It is recorded, and the device continues: a trail that somebody altered is evidence, and to stop
    /// recording would only help them. The raw values are written to the trail.
    enum Break: String, Sendable {
        case unreadableEnd = "the end of the file is not a line of this chain"
        case badMAC = "the last line was changed"
        case cutOff = "lines that were written are missing at the end"
        case replaced = "the line at the last checkpoint was changed or replaced"
        case lostCheckpoint = "what the server knew of the end of this file is damaged or gone"
    }

    /// The sequence number and the MAC of the line before the segment.
    var sequence: UInt64
    var previous: [UInt8]
    /// How the segment begins.
    var origin: Origin
    /// The damage to record, if there is any.
    var breakReason: Break?

    /// Returns where the chain continues.
    ///
    /// - Parameter known: The end of the chain as the server knows it, from sealed storage or its own memory.
    /// - Parameter isKnownLost: Whether there was a known end that can no longer be read, so that removed lines would go
    ///   unnoticed.
    /// - Parameter lineEndingAt: Returns the line that ends at an offset of the file.
    static func decide(
        _ contents: DeviceContents, known: AuditCheckpoint?, isKnownLost: Bool = false, keys: DeviceKeys,
        lineEndingAt: (UInt64) -> [UInt8]?
    ) -> ChainStart {
        if known == nil, isKnownLost {
            if let last = End(contents.lastLine, keys: keys) {
                return ChainStart(
                    sequence: last.sequence, previous: last.mac, origin: .broken, breakReason: .lostCheckpoint)
            }
            if contents.lastLine == nil, !contents.isForeign { return after(nil, origin: .broken, reason: .lostCheckpoint) }
        }
        guard contents.lastLine != nil || contents.isForeign else {
            return after(known, origin: known == nil ? .new : .elsewhere)
        }
        guard let last = End(contents.lastLine, keys: keys) else {
            let isFramed = contents.lastLine.map { line in line.withUnsafeBytes { ChainLine($0) != nil } } ?? false
            return after(known, origin: .broken, reason: isFramed ? .badMAC : .unreadableEnd)
        }
        if let known {
            if last.sequence < known.sequence { return after(known, origin: .broken, reason: .cutOff) }
            if last.sequence == known.sequence, !last.mac.elementsEqual(known.mac.utf8) {
                return after(known, origin: .broken, reason: .replaced)
            }
            if last.sequence > known.sequence, !holds(known, contents, keys: keys, lineEndingAt: lineEndingAt) {
                return ChainStart(sequence: last.sequence, previous: last.mac, origin: .broken, breakReason: .replaced)
            }
        }
        return ChainStart(sequence: last.sequence, previous: last.mac, origin: .continued)
    }

    /// Whether the file contains the checkpoint's line at its offset, if the file begins before it.
    private static func holds(
        _ known: AuditCheckpoint, _ contents: DeviceContents, keys: DeviceKeys, lineEndingAt: (UInt64) -> [UInt8]?
    ) -> Bool {
        guard known.fileBytes > 0 else { return true }
        guard let first = End(contents.firstLine, keys: keys) else { return false }
        guard first.sequence <= known.sequence else { return true }
        guard let line = End(lineEndingAt(known.fileBytes), keys: keys) else { return false }
        return line.sequence == known.sequence && line.mac.elementsEqual(known.mac.utf8)
    }

    /// Continues after the known end, or at the beginning of a chain if there is none.
    private static func after(_ known: AuditCheckpoint?, origin: Origin, reason: Break? = nil) -> ChainStart {
        ChainStart(
            sequence: known?.sequence ?? 0, previous: known.map { Array($0.mac.utf8) } ?? ChainLine.zeroMAC, origin: origin,
            breakReason: reason)
    }

    /// The position of a line whose MAC is valid.
    private struct End {
        var sequence: UInt64
        var mac: [UInt8]

        init?(_ line: [UInt8]?, keys: DeviceKeys) {
            guard let line else { return nil }
            let end: (UInt64, [UInt8])? = line.withUnsafeBytes { bytes in
                guard let line = ChainLine(bytes), line.isSealed(by: keys.segmentKey(line.segment).keyedHash) else {
                    return nil
                }
                return (line.sequence, Array(line.mac))
            }
            guard let end else { return nil }
            (sequence, mac) = end
        }
    }
}
