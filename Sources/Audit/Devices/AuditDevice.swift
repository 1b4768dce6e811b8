/// A destination for audit lines. Each device is used by one chain, under its lock, and needs no lock of its own.
protocol AuditDevice: Sendable {
    /// Whether lines are kept. If false, writing to the device is no evidence that anything was recorded.
    var isRecording: Bool { get }

    /// Opens the device, or opens it again under the same name after log rotation, and returns what it contains.
    mutating func open() throws(AuditDeviceError) -> DeviceContents

    /// Writes all of the bytes or, as far as the device can, none. See ``AuditDeviceError/isClean``.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(AuditDeviceError)

    /// Returns the size of the file after the last write; 0 for a stream.
    func fileBytes() -> UInt64

    /// Returns the line, without its newline, that ends at an offset, newline included. Returns nil if there is none.
    func line(endingAt offset: UInt64) -> [UInt8]?

    /// Makes a new device that is not to be kept as empty as it was, if possible.
    mutating func removeAll()

    /// Closes the device.
    mutating func close()
}

extension AuditDevice {
    mutating func removeAll() {}
}

/// The defaults for devices whose content cannot be read again.
extension AuditDevice {
    func fileBytes() -> UInt64 { 0 }
    func line(endingAt offset: UInt64) -> [UInt8]? { nil }
}

/// Why a device could not be opened or written.
struct AuditDeviceError: Error {
    /// The device's name and the system's error. Never any part of a record.
    var reason: String
    /// Whether nothing of the failed write is left on the device, so that the next write may be tried without opening it again.
    var isClean: Bool
}

/// What a device contains when it is opened.
struct DeviceContents: Sendable {
    /// An incomplete last line that was removed: its size and its SHA-256 digest in hex.
    struct Repair: Sendable, Hashable {
        var removedBytes: UInt64
        var removedSHA256: String
    }

    /// The first line without its newline, or nil if there is none, as in a new file.
    var firstLine: [UInt8]?
    /// The last line without its newline, or nil if there is none.
    var lastLine: [UInt8]?
    /// The size of the file; 0 for a stream.
    var fileBytes: UInt64 = 0
    /// The incomplete last line that was removed, if there was one.
    var repair: Repair?
    /// Whether the end is not an audit line and was left unchanged, because it is too long or the file is not an audit file.
    var isForeign = false
}
