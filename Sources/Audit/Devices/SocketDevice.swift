import EngineKit
import Glibc

/// Lines to a listener elsewhere: TCP and Unix sockets get a stream of lines, UDP a datagram a line.
///
/// What the system has taken counts as recorded. Nobody confirms it, so a listener that dies loses what was on its way;
/// the chain shows the gap.
struct SocketDevice: AuditDevice {
    /// Smaller than the largest datagram, so that a part's head fits.
    static let datagramBytesMax = 60_000

    private let target: SocketTarget
    private var link: SocketLink
    private var wasOpened = false

    init(_ target: SocketTarget, timeoutMilliseconds: Int) {
        self.target = target
        link = SocketLink(target, timeoutMilliseconds: timeoutMilliseconds)
    }

    var isRecording: Bool { true }

    /// Waits for the connection only the first time, when an operator enables the device or the server unseals. Later it is
    /// made while requests go on, and each try merely looks whether it is there yet.
    mutating func open() throws(AuditDeviceError) -> DeviceContents {
        let isFirst = !wasOpened
        wasOpened = true
        let number = link.connect(waiting: isFirst)
        guard number == 0 else { throw failure("connect", number) }
        return DeviceContents()
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(AuditDeviceError) {
        let deadline = link.deadline
        // A listener that was restarted gets the lines over a new connection at once, if it takes that without waiting.
        if link.isAbandoned, link.connect(waiting: false) != 0 { throw failure("write", EPIPE) }
        var number = push(bytes, deadline: deadline)
        if number == EPIPE || number == ECONNRESET, link.connect(waiting: false) == 0 { number = push(bytes, deadline: deadline) }
        guard number == 0 else {
            link.close()
            throw failure("write", number)
        }
    }

    private func push(_ bytes: UnsafeRawBufferPointer, deadline: Int64) -> Int32 {
        guard target.isDatagram else { return link.send(bytes, deadline: deadline) }
        return Datagrams.each(in: bytes, bytesMax: Self.datagramBytesMax) { head, piece in
            guard !head.isEmpty else { return link.send(piece, deadline: deadline) }
            return (head + Array(piece)).withUnsafeBytes { link.send($0, deadline: deadline) }
        }
    }

    func fileBytes() -> UInt64 { 0 }
    func line(endingAt offset: UInt64) -> [UInt8]? { nil }
    mutating func close() { link.close() }

    private func failure(_ verb: String, _ number: Int32) -> AuditDeviceError {
        AuditDeviceError(reason: "\(verb) \(target.name): \(SystemError.text(number))", isClean: false)
    }
}
