/// `file_path=discard`: for measuring and for trying things out.
struct DiscardDevice: AuditDevice {
    var isRecording: Bool { false }

    mutating func open() throws(AuditDeviceError) -> DeviceContents { DeviceContents() }
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(AuditDeviceError) {}
    mutating func close() {}
}
