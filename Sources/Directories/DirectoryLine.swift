import EngineKit
import Glibc
import Synchronization

/// A TCP connection that can be cut from outside, so that a call which waits for its peer ends.
///
/// libldap has time limits of its own, but not for every wait: a peer that sends one byte at a time can exceed them.
final class DirectoryLine: Sendable {
    private struct State {
        /// A second descriptor of the connection. libldap closes its own one at any time, and another file may then have the number.
        var copy: Int32 = -1
        var isCut = false
    }

    private let state = Mutex(State())

    deinit { release() }

    /// Whether the time is over.
    var isCut: Bool { state.withLock { $0.isCut } }

    /// Ends the connection, and any later one.
    func cut() {
        state.withLock { state in
            state.isCut = true
            if state.copy >= 0 { shutdown(state.copy, Int32(SHUT_RDWR)) }
        }
    }

    /// Forgets the connection.
    func release() {
        state.withLock { state in
            if state.copy >= 0 { close(state.copy) }
            state.copy = -1
        }
    }

    /// Connects to one of the addresses of a host, all of which must be allowed.
    ///
    /// - Parameter isAllowed: Judges an address in numeric form. A host that has one that is not allowed is not called at all.
    /// - Returns: The descriptor of a blocking socket, which the caller closes.
    func connect(
        to server: DirectoryServer, secondsMax: Int, isAllowed: (String) -> Bool
    ) throws(DirectoryError) -> Int32 {
        let addresses = SystemAddress.lookUp(server.host, port: String(server.port))
        guard !addresses.isEmpty else { throw .unreachable("the host name of the directory could not be resolved") }
        guard addresses.allSatisfy({ $0.text.map(isAllowed) ?? false }) else {
            throw .unreachable("the host of the directory has an address that may not be called")
        }
        let deadline = ContinuousClock.now + .seconds(secondsMax)
        for address in addresses {
            let descriptor = socket(address.family, Int32(SOCK_STREAM.rawValue) | Self.flags, 0)
            guard descriptor >= 0 else { continue }
            if isConnected(descriptor, address, before: deadline), adopt(descriptor, secondsMax: secondsMax) { return descriptor }
            close(descriptor)
        }
        throw .unreachable("could not connect to the directory")
    }

    private static let flags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)

    private func isConnected(_ descriptor: Int32, _ address: SystemAddress, before deadline: ContinuousClock.Instant) -> Bool {
        if address.connect(descriptor) == 0 { return true }
        guard errno == EINPROGRESS else { return false }
        while !isCut {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return false }
            var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            // In short turns, so that a cut is noticed.
            guard poll(&wait, 1, 200) != 0 else { continue }
            var failure: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 && failure == 0
        }
        return false
    }

    /// Makes the socket a blocking one with time limits, and keeps a second descriptor of it.
    private func adopt(_ descriptor: Int32, secondsMax: Int) -> Bool {
        var time = timeval(tv_sec: secondsMax, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        guard fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK) == 0 else { return false }
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return false }
        return state.withLock { state in
            if state.copy >= 0 { close(state.copy) }
            state.copy = copy
            return !state.isCut
        }
    }
}
