import Hashes
import EngineKit

/// Where a chain goes on when its device is opened, and what it has to say about what it found.
struct ChainStart: Sendable, Equatable {
    /// The `start` member of a segment's header.
    enum Origin: String, Sendable {
        /// The first line of a new chain.
        case new
        /// After the last line of this file.
        case continued
        /// After a line that is known from before but is not in this file: the file was rotated.
        case elsewhere
        /// After something that cannot be trusted; a `break` line follows and says what.
        case broken
        /// A key was given to a verifier, so a new one begins.
        case rolled
    }

    /// What was found. Every case is written down and served on: a trail that somebody spoilt is evidence, and refusing
    /// to record anything more would only help them.
    enum Break: String, Sendable {
        case unreadableEnd = "the end of the file is not a line of this chain"
        case badMAC = "the last line was changed"
        case cutOff = "lines that were written are missing at the end"
        case replaced = "the line at the last checkpoint was changed or replaced"
        case lostCheckpoint = "what the server knew of the end of this file is damaged or gone"
        case lostLines = "a failed write left lines that could not be taken back"
    }

    var sequence: UInt64
    var previous: [UInt8]
    var origin: Origin
    var breakReason: Break?

    /// `known` is the end as the server knows it, from sealed storage or from its own memory; `isKnownLost` when there was
    /// one that can no longer be read, so that lines cut off the end would go unseen.
    static func decide(
        _ contents: DeviceContents, known: AuditCheckpoint?, isKnownLost: Bool = false, keys: DeviceKeys,
        lineEndingAt: (UInt64) -> [UInt8]?
    ) -> ChainStart {
        if known == nil, isKnownLost {
            if let last = End(contents.lastLine, keys: keys) {
                return ChainStart(
                    sequence: last.sequence, previous: last.mac, origin: .broken, breakReason: .lostCheckpoint)
            }
            if contents.lastLine == nil, !contents.isForeign { return after(nil, origin: .broken, .lostCheckpoint) }
        }
        guard contents.lastLine != nil || contents.isForeign else {
            return after(known, origin: known == nil ? .new : .elsewhere)
        }
        guard let last = End(contents.lastLine, keys: keys) else {
            let isFramed = contents.lastLine.map { line in line.withUnsafeBytes { ChainLine($0) != nil } } ?? false
            return after(known, origin: .broken, isFramed ? .badMAC : .unreadableEnd)
        }
        if let known {
            if last.sequence < known.sequence { return after(known, origin: .broken, .cutOff) }
            if last.sequence == known.sequence, !last.mac.elementsEqual(known.mac.utf8) {
                return after(known, origin: .broken, .replaced)
            }
            if last.sequence > known.sequence, !holds(known, contents, keys: keys, lineEndingAt: lineEndingAt) {
                return ChainStart(sequence: last.sequence, previous: last.mac, origin: .broken, breakReason: .replaced)
            }
        }
        return ChainStart(sequence: last.sequence, previous: last.mac, origin: .continued)
    }

    /// A file that begins before the checkpoint must hold its line where it was.
    private static func holds(
        _ known: AuditCheckpoint, _ contents: DeviceContents, keys: DeviceKeys, lineEndingAt: (UInt64) -> [UInt8]?
    ) -> Bool {
        guard known.fileBytes > 0 else { return true }
        guard let first = End(contents.firstLine, keys: keys) else { return false }
        guard first.sequence <= known.sequence else { return true }
        guard let line = End(lineEndingAt(known.fileBytes), keys: keys) else { return false }
        return line.sequence == known.sequence && line.mac.elementsEqual(known.mac.utf8)
    }

    private static func after(_ known: AuditCheckpoint?, origin: Origin, _ reason: Break? = nil) -> ChainStart {
        ChainStart(
            sequence: known?.sequence ?? 0, previous: known.map { Array($0.mac.utf8) } ?? ChainLine.zeroMAC, origin: origin,
            breakReason: reason)
    }

    /// A line whose MAC is good.
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
