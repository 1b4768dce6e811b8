import Foundation
import Glibc

/// Runs blocking work on a thread of its own, so that it holds up none of the server's.
func onThread<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result(catching: work)) }
    }
}

/// A socket, for requests that no HTTP client would send.
/// Used by one thread at a time.
final class RawClient: Sendable {
    struct Failure: Error { var what: String }

    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(what: "connect") }
    }

    deinit { close(descriptor) }

    /// A server that stops listening midway is no failure of the client.
    func send(_ text: String) throws {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }

    func closeOutput() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// From now on its end is a reset, as when its program is killed with something unread.
    func resetWhenClosed() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }

    func readToEnd() throws -> String {
        var all: [UInt8] = []
        while let bytes = try read() { all += bytes }
        return String(decoding: all, as: UTF8.self)
    }

    /// Reads until `text` has come.
    func read(until text: String) throws -> String {
        var all = ""
        while !all.contains(text) {
            guard let bytes = try read() else { throw Failure(what: "closed before \(text)") }
            all += String(decoding: bytes, as: UTF8.self)
        }
        return all
    }

    /// Reads to the end. Returns whether it was a reset, rather than an orderly end after which a body may be taken for whole.
    func endsWithReset() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 { return false }
            if count < 0, errno == ECONNRESET { return true }
            guard count > 0 else { throw Failure(what: "no answer within ten seconds") }
        }
    }

    /// Nil once the server has closed; an error when it does nothing for ten seconds.
    private func read() throws -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count < 0, errno == ECONNRESET { return nil }
        guard count >= 0 else { throw Failure(what: "no answer within ten seconds") }
        return count == 0 ? nil : Array(buffer[..<count])
    }
}
