import Hashes
import Crypto
import EngineKit

/// What changes with every line. Lives in its chain's lock.
struct ChainState: Sendable {
    struct Header: Sendable {
        var nodeID: String
        var path: String
        var accessor: String
    }

    /// For the log.
    enum Change: Sendable {
        case recovered
        case failed(String)
        case found(String)
    }

    struct Position: Sendable {
        var sequence: UInt64
        var mac: [UInt8]
        var segment: String
    }

    static let backoffMinNanoseconds: Int64 = 100_000_000
    private static let backoffMaxNanoseconds: Int64 = 5_000_000_000

    var device: any AuditDevice
    let keys: DeviceKeys
    let header: Header
    /// The end as storage knew it, until the device has been opened.
    var known: AuditCheckpoint?
    /// Storage had an end that it can no longer tell.
    let isKnownLost: Bool
    /// The last line that is on the device.
    var written: Position?
    /// The last line in `pending`.
    var last = Position(sequence: 0, mac: ChainLine.zeroMAC, segment: "")
    var segmentKey: KeyedHash?
    var pending: [UInt8] = []
    /// Torn lines that were cut away and are not yet written down.
    var owedRepairs: [DeviceContents.Repair] = []
    var isOpen = false
    /// Nothing opens it again.
    var isFinished = false
    var failure: String?
    var retryAt: Timestamp?
    var backoffNanoseconds = Self.backoffMinNanoseconds

    init(device: any AuditDevice, keys: DeviceKeys, header: Header, known: AuditCheckpoint?, isKnownLost: Bool = false) {
        self.device = device
        self.keys = keys
        self.header = header
        self.known = known
        self.isKnownLost = isKnownLost
    }

    /// Chains one more line, which ``flush()`` writes.
    mutating func append(_ content: UnsafeRawBufferPointer) {
        guard let segmentKey else { return }
        last.sequence += 1
        ChainLine.append(
            content, sequence: last.sequence, segment: last.segment, mac: &last.mac, key: segmentKey, to: &pending)
    }

    /// Writes what is pending, or forgets it: a line that could not be written never was.
    mutating func flush() throws(AuditDeviceError) {
        defer { pending.removeAll(keepingCapacity: pending.capacity <= 1 << 20) }
        do throws(AuditDeviceError) {
            try write()
            written = last
        } catch {
            if let written { last = written }
            throw error
        }
    }

    private mutating func write() throws(AuditDeviceError) {
        // Taken out and put back, so that the device may be changed while its bytes are read.
        let bytes = pending
        pending = []
        defer { pending = bytes }
        try bytes.withUnsafeBufferPointer { bytes throws(AuditDeviceError) in try device.write(UnsafeRawBufferPointer(bytes)) }
    }

    mutating func failed(_ error: AuditDeviceError, at now: Timestamp) {
        failure = error.reason
        guard !error.isClean || !isOpen else { return }
        // What is on the device is unknown until it has been opened and read again.
        isOpen = false
        retryAt = Timestamp(nanoseconds: now.nanoseconds + backoffNanoseconds)
        backoffNanoseconds = min(backoffNanoseconds * 2, Self.backoffMaxNanoseconds)
    }

    func checkpoint(at now: Timestamp) -> AuditCheckpoint? {
        guard let written else { return known }
        return AuditCheckpoint(
            sequence: written.sequence, mac: String(decoding: written.mac, as: UTF8.self), segment: written.segment,
            fileBytes: isOpen ? device.fileBytes() : 0, time: now)
    }
}
