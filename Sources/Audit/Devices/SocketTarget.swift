import Dispatch
import EngineKit
import Glibc
import Syntax

/// Where a socket goes.
enum SocketTarget: Sendable, Hashable {
    case tcp(host: String, port: String)
    case udp(host: String, port: String)
    /// A stream, as programs that collect logs listen on.
    case unix(String)
    /// A syslog daemon's; the first of these that is there.
    case unixDatagram([String])

    /// What `sun_path` holds, with its final NUL.
    static let pathBytesMax = 107

    var isDatagram: Bool {
        switch self {
        case .udp, .unixDatagram: true
        case .tcp, .unix: false
        }
    }

    var name: String {
        switch self {
        case .tcp(let host, let port), .udp(let host, let port): host.containsUTF8(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        case .unixDatagram(let paths): paths.first ?? ""
        }
    }

    /// `host:port`, with an IPv6 address in brackets.
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

/// An address as the system takes it.
struct SocketAddress: Sendable {
    var family: Int32
    var bytes: [UInt8]

    init(family: Int32, bytes: [UInt8]) {
        self.family = family
        self.bytes = bytes
    }

    /// nil when the path does not fit.
    init?(unix path: String) {
        guard (1...SocketTarget.pathBytesMax).contains(path.utf8.count), !path.utf8.contains(0) else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        self.init(family: AF_UNIX, bytes: withUnsafeBytes(of: &address) { Array($0) })
    }
}

/// The addresses of a host. Asked once where waiting is acceptable; later questions are answered on a thread of their own,
/// so that a name server that is away keeps no request waiting.
final class SocketAddresses: Sendable {
    private struct State: Sendable {
        var known: [SocketAddress] = []
        var isAsking = false
    }

    private let target: SocketTarget
    private let state = UnfairLock(State())

    init(_ target: SocketTarget) { self.target = target }

    var current: [SocketAddress] { state.withLock { $0.known } }

    /// Blocks for as long as the system's resolver does.
    func resolve() {
        let found = Self.ask(target)
        state.withLock { state in
            if !found.isEmpty { state.known = found }
            state.isAsking = false
        }
    }

    func resolveInBackground() {
        let mayAsk = state.withLock { state in
            defer { state.isAsking = true }
            return !state.isAsking
        }
        if mayAsk { DispatchQueue.global(qos: .utility).async { self.resolve() } }
    }

    private static func ask(_ target: SocketTarget) -> [SocketAddress] {
        switch target {
        case .unix(let path): SocketAddress(unix: path).map { [$0] } ?? []
        case .unixDatagram(let paths): paths.compactMap(SocketAddress.init(unix:))
        case .tcp(let host, let port): ask(host, port, Int32(SOCK_STREAM.rawValue))
        case .udp(let host, let port): ask(host, port, Int32(SOCK_DGRAM.rawValue))
        }
    }

    private static func ask(_ host: String, _ port: String, _ type: Int32) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = type
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, port, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let info = next?.pointee, found.count < 8 {
            if let address = info.ai_addr {
                let bytes = UnsafeRawBufferPointer(start: address, count: Int(info.ai_addrlen))
                found.append(SocketAddress(family: info.ai_family, bytes: Array(bytes)))
            }
            next = info.ai_next
        }
        return found
    }
}
