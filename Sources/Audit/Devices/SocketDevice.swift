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

    init(_ target: SocketTarget, timeoutMilliseconds: Int) {
        self.target = target
        link = SocketLink(target, timeoutMilliseconds: timeoutMilliseconds)
    }

    var isRecording: Bool { true }

    mutating func open() throws(AuditDeviceError) -> DeviceContents { try link.open() }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(AuditDeviceError) {
        let deadline = link.deadline
        // A listener that was restarted gets the lines over a new connection at once, if it takes that without waiting.
        if link.isAbandoned, link.connect(waiting: false) != 0 { throw link.failure("write", EPIPE) }
        var number = push(bytes, deadline: deadline)
        if number == EPIPE || number == ECONNRESET, link.connect(waiting: false) == 0 { number = push(bytes, deadline: deadline) }
        guard number == 0 else {
            link.close()
            throw link.failure("write", number)
        }
    }

    private func push(_ bytes: UnsafeRawBufferPointer, deadline: Int64) -> Int32 {
        guard target.isDatagram else { return link.send(bytes, deadline: deadline) }
        return Datagrams.each(in: bytes, bytesMax: Self.datagramBytesMax) { head, piece in
            guard !head.isEmpty else { return link.send(piece, deadline: deadline) }
            return (head + Array(piece)).withUnsafeBytes { link.send($0, deadline: deadline) }
        }
    }

    mutating func close() { link.close() }
}
