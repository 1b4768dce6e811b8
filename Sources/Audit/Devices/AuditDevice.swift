/// Where lines go. One chain owns a device and calls it under its lock, so a device needs none of its own.
protocol AuditDevice: Sendable {
    /// False for the one that throws lines away: it is no proof that anything was recorded.
    var isRecording: Bool { get }

    /// Opens, or opens again under the same name (log rotation), and says what is there already.
    mutating func open() throws(AuditDeviceError) -> DeviceContents

    /// All of it or, as far as the device can, nothing. See ``AuditDeviceError/isClean``.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(AuditDeviceError)

    /// Bytes in the device after the last write; 0 for a stream.
    func fileBytes() -> UInt64

    /// The line that ends, newline included, at this offset.
    func line(endingAt offset: UInt64) -> [UInt8]?

    /// Makes it as empty as it was, where it can: it was new, and is not to be kept.
    mutating func takeBackAll()

    mutating func close()
}

extension AuditDevice {
    mutating func takeBackAll() {}
}

/// What holds nothing that could be read again.
extension AuditDevice {
    func fileBytes() -> UInt64 { 0 }
    func line(endingAt offset: UInt64) -> [UInt8]? { nil }
}

struct AuditDeviceError: Error {
    /// The device's name and the system's error; never a byte of a record.
    var reason: String
    /// Nothing of the failed write is left on the device, and the next write may simply be tried.
    var isClean: Bool
}

/// What a device holds when it is opened.
struct DeviceContents: Sendable {
    struct Repair: Sendable, Hashable {
        var removedBytes: UInt64
        var removedSHA256: String
    }

    /// Without their newlines; nil when there are none, as in a new file.
    var firstLine: [UInt8]?
    var lastLine: [UInt8]?
    var fileBytes: UInt64 = 0
    /// A torn last line was cut away.
    var repair: Repair?
    /// The end is no line and was left standing: too long, or the file is not an audit file at all.
    var isForeign = false
}
