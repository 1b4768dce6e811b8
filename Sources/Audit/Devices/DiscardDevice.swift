/// A device that discards its lines (`file_path=discard`), for measurements and experiments.
struct DiscardDevice: AuditDevice {
    var isRecording: Bool { false }

    mutating func open() throws(AuditDeviceError) -> DeviceContents { DeviceContents() }
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(AuditDeviceError) {}
    mutating func close() {}
}
