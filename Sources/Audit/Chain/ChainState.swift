import Hashes
import Crypto
import EngineKit

/// The state of a chain that changes with every line, protected by the lock of its ``DeviceChain``.
struct ChainState: Sendable {
    /// The members of a segment's header that do not change.
    struct Header: Sendable {
        var nodeID: String
        var path: String
        var accessor: String
    }

    /// What to log about a device.
    enum Change: Sendable {
        case recovered
        case failed(String)
    }

    /// The position of a line in the chain.
    struct Position: Sendable {
        var sequence: UInt64
        var mac: [UInt8]
        var segment: String
    }

    static let backoffMinNanoseconds: Int64 = 100_000_000
    private static let backoffMaxNanoseconds: Int64 = 30_000_000_000
    /// How long an open device has to work before its next failure counts as the first.
    private static let steadySeconds = 60

    var device: any AuditDevice
    let keys: DeviceKeys
    let header: Header
    /// The end of the chain from sealed storage, until the device was opened.
    var known: AuditCheckpoint?
    /// Whether storage held an end that can no longer be read.
    let isKnownLost: Bool
    /// The position of the last line on the device.
    var written: Position?
    /// The position of the last line in `pending`.
    var last = Position(sequence: 0, mac: ChainLine.zeroMAC, segment: "")
    /// The key of the current segment.
    var segmentKey: KeyedHash?
    /// Lines that ``flush()`` writes.
    var pending: [UInt8] = []
    /// Incomplete lines that were removed and not recorded yet.
    var owedRepairs: [DeviceContents.Repair] = []
    /// Whether the device is open and its segment has begun.
    var isOpen = false
    /// Whether the chain was ended for good.
    var isFinished = false
    /// Why the last write failed, or nil if it succeeded.
    var failure: String? {
        didSet { if failure != oldValue { health.failure = failure } }
    }
    /// Where others read ``failure`` while a write holds the chain.
    let health: DeviceHealth
    /// When to open the device again after a failure.
    var retryAt: Timestamp?
    var backoffNanoseconds = Self.backoffMinNanoseconds
    /// When the device was opened last.
    var openedAt: Timestamp?

    init(
        device: any AuditDevice, keys: DeviceKeys, header: Header, known: AuditCheckpoint?, isKnownLost: Bool = false,
        health: DeviceHealth
    ) {
        self.device = device
        self.health = health
        self.keys = keys
        self.header = header
        self.known = known
        self.isKnownLost = isKnownLost
    }

    /// Adds a line to the chain, which ``flush()`` writes.
    mutating func append(_ content: UnsafeRawBufferPointer) {
        guard let segmentKey else { return }
        last.sequence += 1
        ChainLine.append(
            content, sequence: last.sequence, segment: last.segment, mac: &last.mac, key: segmentKey, to: &pending)
    }

    /// Writes the pending lines. If that fails they are discarded, and the chain continues as if they had never been added.
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
        // Moved out of the state, so that the device may be mutated while the bytes are read.
        let bytes = pending
        pending = []
        defer { pending = bytes }
        try bytes.withUnsafeBufferPointer { bytes throws(AuditDeviceError) in try device.write(UnsafeRawBufferPointer(bytes)) }
    }

    /// Records a failure. Unless the device is known to be unchanged it must be opened again, after a growing delay.
    mutating func failed(_ error: AuditDeviceError, at now: Timestamp) {
        failure = error.reason
        guard !error.isClean || !isOpen else { return }
        // A peer that accepts connections and reads nothing fails soon after each opening, and holds up a request each time.
        if isOpen, let openedAt, now >= openedAt.adding(seconds: Self.steadySeconds) {
            backoffNanoseconds = Self.backoffMinNanoseconds
        }
        // What the device contains is unknown until it was opened and read again.
        isOpen = false
        retryAt = Timestamp(nanoseconds: now.nanoseconds + backoffNanoseconds)
        backoffNanoseconds = min(backoffNanoseconds * 2, Self.backoffMaxNanoseconds)
    }

    /// Returns the end of the chain, or nil if nothing was ever written.
    func checkpoint(at now: Timestamp) -> AuditCheckpoint? {
        guard let written else { return known }
        return AuditCheckpoint(
            sequence: written.sequence, mac: String(decoding: written.mac, as: UTF8.self), segment: written.segment,
            fileBytes: isOpen ? device.fileBytes() : 0, time: now)
    }
}
