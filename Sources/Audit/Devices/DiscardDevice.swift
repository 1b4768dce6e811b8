/// `file_path=discard`: for measuring and for trying things out.
struct DiscardDevice: AuditDevice {
    var isRecording: Bool { false }

    mutating func open() throws(AuditDeviceError) -> DeviceContents { DeviceContents() }
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(AuditDeviceError) {}
    func fileBytes() -> UInt64 { 0 }
    func line(endingAt offset: UInt64) -> [UInt8]? { nil }
    mutating func close() {}
}
