package import EngineKit
package import Syntax

/// The end of a device's chain at some time, stored behind the barrier, where somebody who can edit the audit file cannot
/// change it.
///
/// With it a verifier notices that the file was cut after this line, or that this line was replaced.
package struct AuditCheckpoint: Sendable, Hashable {
    /// The sequence number of the last line.
    package var sequence: UInt64
    /// The MAC of the line in hex.
    package var mac: String
    /// The id of the line's segment.
    package var segment: String
    /// The offset in the file at which the line ends; 0 for a stream.
    package var fileBytes: UInt64
    /// When the checkpoint was made.
    package var time: Timestamp

    /// Creates a checkpoint.
    package init(sequence: UInt64, mac: String, segment: String, fileBytes: UInt64, time: Timestamp) {
        self.sequence = sequence
        self.mac = mac
        self.segment = segment
        self.fileBytes = fileBytes
        self.time = time
    }
}

extension AuditCheckpoint {
    /// The checkpoint as it is stored and disclosed.
    package var json: JSON {
        [
            "seq": .int(sequence), "mac": .string(mac), "seg": .string(segment), "bytes": .int(fileBytes),
            "time_ns": .int(time.nanoseconds),
        ]
    }

    /// Reads a checkpoint. Returns nil if a member is missing or malformed.
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
