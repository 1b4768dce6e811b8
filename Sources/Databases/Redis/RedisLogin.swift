import DatabaseClients
import Glibc
import Synchronization
import Syntax

/// One login to a Redis server that a caller named, to see whether it lets the user in.
///
/// The server is not trusted: the address was checked before and is not looked up again, and the time and the size of its answers are
/// bounded.
package struct RedisLogin: Sendable {
    /// What became of a login.
    package enum Result: Sendable, Hashable {
        /// The server answered PING.
        case pong
        /// The server refused with an error, of which only the kind is kept, such as `WRONGPASS`.
        case refused(String)
        case tlsFailed
        case timedOut
        case unreachable
        /// It answered something else.
        case other
    }

    private let host: String
    private let address: String
    private let port: Int
    private let usesTLS: Bool
    private let username: String
    private let password: String

    /// Creates a login.
    ///
    /// - Parameters:
    ///   - host: The name that the server's certificate must have.
    ///   - address: The address to connect to, which has been checked.
    package init(host: String, address: String, port: Int, usesTLS: Bool, username: String, password: String) {
        self.host = host
        self.address = address
        self.port = port
        self.usesTLS = usesTLS
        self.username = username
        self.password = password
    }

    /// Logs in and sends a PING. It blocks for at most about `secondsMax`, and so belongs on a thread for blocking calls, where a
    /// socket that the other side has closed raises no signal.
    ///
    /// - Parameter authority: Certificate authorities as PEM; empty for those of the system.
    package func run(authority: String = "", secondsMax: Int = 10) -> Result {
        let deadline = SocketDeadline(seconds: secondsMax)
        defer { deadline.end() }
        var target = RedisTarget(host: host, port: port)
        target.address = address
        if usesTLS { target.tls = TLSTransport.Settings(authority: authority, isUnverified: false) }
        let connection: RedisConnection
        do throws(DatabaseError) {
            connection = try RedisConnection(target, deadline: deadline)
        } catch {
            if deadline.hasPassed { return .timedOut }
            // The message is one of ours.
            return error.message.containsUTF8("TLS") ? .tlsFailed : .unreachable
        }
        // Ends the watch before the socket is closed, because its number could then be another one's.
        defer {
            deadline.end()
            connection.close()
        }
        do throws(DatabaseError) {
            if !password.isEmpty {
                let credentials = username.isEmpty ? [password] : [username, password]
                if case .error(let kind) = try connection.command(["AUTH"] + credentials) { return .refused(kind) }
            }
            switch try connection.command(["PING"]) {
            case .error(let kind): return .refused(kind)
            case .text(let text): return text == Array("PONG".utf8) ? .pong : .other
            default: return .other
            }
        } catch {
            return deadline.hasPassed ? .timedOut : .unreachable
        }
    }
}

/// Shuts a socket down when a time has passed, so that whoever reads from it slowly or forever gets an end.
final class SocketDeadline: Sendable {
    private struct State {
        var descriptor: Int32?
        var hasPassed = false
        var isOver = false
    }

    private let state: Mutex<State>

    /// Begins to wait.
    init(seconds: Int) {
        state = Mutex(State())
        Task.detached { [weak self] in
            try? await Task.sleep(for: .seconds(seconds))
            self?.pass()
        }
    }

    /// Whether the time has passed.
    var hasPassed: Bool { state.withLock { $0.hasPassed } }

    /// Watches a socket from now on. The caller keeps it open until ``end()``.
    func watch(_ descriptor: Int32) {
        state.withLock { state in
            guard !state.isOver else { return }
            state.descriptor = descriptor
            if state.hasPassed { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    /// Stops watching. The socket may be closed afterwards.
    func end() {
        state.withLock { state in
            state.isOver = true
            state.descriptor = nil
        }
    }

    private func pass() {
        state.withLock { state in
            guard !state.isOver else { return }
            state.hasPassed = true
            if let descriptor = state.descriptor { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }
}
