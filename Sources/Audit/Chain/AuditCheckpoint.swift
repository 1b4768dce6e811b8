package import EngineKit
package import Syntax

/// The end of a device's chain at a moment, to be kept where the audit file's editor cannot reach: in sealed storage.
///
/// A file that was cut after this line, or in which this line was replaced, is found out by it.
package struct AuditCheckpoint: Sendable, Hashable {
    package var sequence: UInt64
    /// The line's MAC in hex.
    package var mac: String
    package var segment: String
    /// Where the line ends in its file; 0 for a stream.
    package var fileBytes: UInt64
    package var time: Timestamp

    package init(sequence: UInt64, mac: String, segment: String, fileBytes: UInt64, time: Timestamp) {
        self.sequence = sequence
        self.mac = mac
        self.segment = segment
        self.fileBytes = fileBytes
        self.time = time
    }
}

extension AuditCheckpoint {
    package var json: JSON {
        [
            "seq": .int(sequence), "mac": .string(mac), "seg": .string(segment), "bytes": .int(fileBytes),
            "time_ns": .int(time.nanoseconds),
        ]
    }

    /// Nil when a member is missing or malformed.
    package init?(json: JSON) {
        guard case .number(let sequence)? = json["seq"], let sequence = UInt64(sequence),
            let mac = json["mac"]?.stringValue, ChainLine.isHex(mac.utf8, count: ChainLine.macHexBytes),
            let segment = json["seg"]?.stringValue, ChainLine.isHex(segment.utf8, count: ChainLine.segmentHexBytes),
            case .number(let bytes)? = json["bytes"], let bytes = UInt64(bytes),
            case .number(let time)? = json["time_ns"], let time = Int64(time)
        else { return nil }
        self.init(sequence: sequence, mac: mac, segment: segment, fileBytes: bytes, time: Timestamp(nanoseconds: time))
    }
}
