import Dispatch
import EngineKit
import Glibc
import Syntax

/// The address that a socket connects to.
enum SocketTarget: Sendable, Hashable {
    case tcp(host: String, port: String)
    case udp(host: String, port: String)
    /// The path of a stream socket, on which log collectors listen.
    case unix(String)
    /// The possible paths of a syslog daemon's socket. The first one that exists is used.
    case unixDatagram([String])

    /// The longest path of a Unix socket: the size of `sun_path` without its final NUL.
    static let pathBytesMax = 107

    /// Whether the socket sends datagrams.
    var isDatagram: Bool {
        switch self {
        case .udp, .unixDatagram: true
        case .tcp, .unix: false
        }
    }

    /// The address as text, for messages.
    var name: String {
        switch self {
        case .tcp(let host, let port), .udp(let host, let port): host.containsUTF8(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        case .unixDatagram(let paths): paths.first ?? ""
        }
    }

    /// Parses `host:port`, in which an IPv6 address is in brackets. Returns nil if the text has another form.
    static func hostAndPort(_ text: String) -> (host: String, port: String)? {
        guard case (var host, let port)? = text.cutUTF8(atLast: ":") else { return nil }
        if let address = host.removingUTF8Prefix("[")?.removingUTF8Suffix("]") {
            host = address
        } else if host.containsUTF8(":") {
            return nil
        }
        guard !host.isEmpty, host.utf8.count <= 253, let number = UInt16(port), number > 0 else { return nil }
        return (String(host), String(port))
    }
}

extension SystemAddress {
    /// The address of a Unix socket. Returns nil if the path is too long.
    init?(unix path: String) {
        guard (1...SocketTarget.pathBytesMax).contains(path.utf8.count), !path.utf8.contains(0) else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        self.init(family: AF_UNIX, bytes: withUnsafeBytes(of: &address) { Array($0) })
    }
}

/// The addresses of a host. The first lookup blocks; later ones run on another thread, so that an unreachable name server
/// delays no request.
final class SocketAddresses: Sendable {
    private struct State: Sendable {
        var known: [SystemAddress] = []
        var isResolving = false
    }

    private let target: SocketTarget
    private let state = UnfairLock(State())

    init(_ target: SocketTarget) { self.target = target }

    /// The addresses that the last successful lookup returned.
    var current: [SystemAddress] { state.withLock { $0.known } }

    /// Looks the host up. Blocks for as long as the system's resolver does.
    func resolve() {
        let found = Self.lookUp(target)
        state.withLock { state in
            if !found.isEmpty { state.known = found }
            state.isResolving = false
        }
    }

    /// Looks the host up on another thread, unless a lookup is already running.
    func resolveInBackground() {
        let mayResolve = state.withLock { state in
            defer { state.isResolving = true }
            return !state.isResolving
        }
        if mayResolve { DispatchQueue.global(qos: .utility).async { self.resolve() } }
    }

    private static let addressesMax = 8

    private static func lookUp(_ target: SocketTarget) -> [SystemAddress] {
        switch target {
        case .unix(let path): SystemAddress(unix: path).map { [$0] } ?? []
        case .unixDatagram(let paths): paths.compactMap(SystemAddress.init(unix:))
        case .tcp(let host, let port): SystemAddress.lookUp(host, port: port, max: addressesMax)
        case .udp(let host, let port): SystemAddress.lookUp(host, port: port, type: SOCK_DGRAM, max: addressesMax)
        }
    }
}
