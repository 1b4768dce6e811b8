import EngineKit
import Glibc

/// A device that sends lines to a listener: as a stream over TCP and Unix sockets, as one datagram for each line over UDP.
///
/// Lines that the system has accepted count as recorded. There is no acknowledgment, so lines that are in transit when a
/// listener dies are lost; the chain shows the gap.
struct SocketDevice: LinkedDevice {
    /// The largest part of a line in one datagram, which leaves room for the head of the part.
    static let datagramBytesMax = 60_000

    private let target: SocketTarget
    var link: SocketLink

    init(_ target: SocketTarget, timeoutMilliseconds: Int) {
        self.target = target
        link = SocketLink(target, timeoutMilliseconds: timeoutMilliseconds)
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(AuditDeviceError) {
        let deadline = link.deadline
        // If the listener was restarted, a new connection is made at once, provided that this does not block.
        if link.isAbandoned, link.connect(waiting: false) != 0 { throw link.failure("write", EPIPE) }
        var number = push(bytes, deadline: deadline)
        if number == EPIPE || number == ECONNRESET, link.connect(waiting: false) == 0 { number = push(bytes, deadline: deadline) }
        guard number == 0 else {
            link.close()
            throw link.failure("write", number)
        }
    }

    /// Sends the lines. Returns 0 or an error number.
    private func push(_ bytes: UnsafeRawBufferPointer, deadline: Int64) -> Int32 {
        guard target.isDatagram else { return link.send(bytes, deadline: deadline) }
        return Datagrams.each(in: bytes, bytesMax: Self.datagramBytesMax) { head, piece in
            guard !head.isEmpty else { return link.send(piece, deadline: deadline) }
            return (head + Array(piece)).withUnsafeBytes { link.send($0, deadline: deadline) }
        }
    }
}
