import Foundation
import Glibc
import Synchronization

/// A port at which nobody listens.
enum ClosedPort {
    struct Unavailable: Error {}

    static func number() throws -> Int {
        let server = try HostileServer { _ in }
        server.stop()
        return server.port
    }
}

/// A server on the loopback that misbehaves in one way at each connection.
final class HostileServer: Sendable {
    let port: Int
    private let listener: Int32
    private let isStopped = Atomic(false)

    /// Starts to listen.
    ///
    /// - Parameter behavior: Is called with each connection on a thread, which closes it afterwards.
    init(_ behavior: @escaping @Sendable (Int32) -> Void) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw ClosedPort.Unavailable() }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread {
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { return }
                Thread.detachNewThread {
                    behavior(connection)
                    close(connection)
                }
            }
        }
    }

    func stop() {
        guard !isStopped.exchange(true, ordering: .relaxed) else { return }
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// Sends bytes. Returns false if the other side is gone.
    static func send(_ bytes: [UInt8], to connection: Int32) -> Bool {
        Glibc.send(connection, bytes, bytes.count, Int32(truncatingIfNeeded: Int(MSG_NOSIGNAL))) > 0
    }

    /// Reads what is there.
    static func read(_ connection: Int32) {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        _ = recv(connection, &buffer, buffer.count, 0)
    }
}
