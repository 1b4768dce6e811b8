import CPostgres
import Glibc
import Syntax

/// One login to a PostgreSQL server that a caller named, to see whether it lets the user in. No statement is run.
///
/// The server is not trusted: the address was checked before and is not looked up again, nothing of this machine's files,
/// environment or sockets is used, and the time and the number of bytes are bounded.
package struct PostgresLogin: Sendable {
    /// What became of a login.
    package enum Result: Sendable, Hashable {
        /// The server let the user in.
        case accepted
        /// The server refused the login with a SQLSTATE, which is text of the server: five letters or digits.
        case refused(String)
        case tlsFailed
        case timedOut
        case unreachable
    }

    /// Why a connection string cannot be used.
    package enum Problem: Error, Sendable, Hashable {
        /// It cannot be read, or names no host or user.
        case malformed
        /// It has an option that reaches beyond one host: files, sockets, services, addresses or several hosts.
        case notAllowed
    }

    private var parameters: [String: String]
    /// The host that the string names.
    package let host: String
    /// Whether the server has to prove who it is, so that nobody on the way can read the password.
    package let isVerified: Bool

    /// The options that a connection string may have.
    private static let allowed: Set<String> = [
        "host", "port", "dbname", "user", "password", "sslmode", "application_name", "connect_timeout", "channel_binding",
        "target_session_attrs", "client_encoding", "keepalives", "gssencmode", "sslrootcert", "ssl_min_protocol_version",
    ]
    private static let modes: Set<String> = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
    private static let roundsMax = 200
    /// Small, because libpq reads on while there is something to read: with a large buffer, a fast server would keep it busy
    /// within one round.
    private static let receiveBufferBytes: Int32 = 4 << 10

    /// Reads a connection string: a URL, or keywords and values.
    package init(_ text: String) throws(Problem) {
        guard text.utf8.count <= PostgresTarget.urlBytesMax, !text.utf8.contains(0),
            let given = try? PostgresTarget.parse(text)
        else { throw .malformed }
        guard given.keys.allSatisfy(Self.allowed.contains), given["sslrootcert"] ?? "system" == "system" else { throw .notAllowed }
        let host = given["host"] ?? ""
        guard !host.isEmpty, given["user"]?.isEmpty == false else { throw .malformed }
        guard !host.utf8.contains(where: { "/@,\\".utf8.contains($0) }) else { throw .notAllowed }
        let mode = given["sslmode"] ?? "verify-full"
        guard Self.modes.contains(mode) else { throw .malformed }
        guard let port = Int(given["port"] ?? "5432"), (1...65_535).contains(port) else { throw .malformed }
        self.host = host
        isVerified = mode == "verify-full"
        parameters = [
            "host": host, "port": String(port), "user": given["user"] ?? "", "sslmode": mode, "application_name": "coffer",
            "client_encoding": "UTF8", "gssencmode": "disable", "passfile": "/dev/null",
            // libpq treats an empty value as none and would take what this process has.
            "password": given["password"].flatMap { $0.isEmpty ? nil : $0 } ?? "none", "sslcert": "/dev/null/none",
            "sslkey": "/dev/null/none", "sslcrl": "",
            "dbname": given["dbname"].flatMap { $0.isEmpty ? nil : $0 } ?? given["user"] ?? "",
            "options": "-c client_min_messages=error", "connect_timeout": "10",
        ]
        if let binding = given["channel_binding"], ["disable", "prefer", "require"].contains(binding) {
            parameters["channel_binding"] = binding
        }
    }

    /// The password of the string.
    package var password: String { parameters["password"] ?? "" }

    /// Logs in at one address of the host. It blocks for at most `secondsMax`.
    ///
    /// - Parameters:
    ///   - address: The address, which has been checked.
    ///   - authorities: A file with the certificate authorities to trust.
    package func run(at address: String, authorities: String, secondsMax: Int = 10) -> Result {
        var parameters = parameters
        parameters["hostaddr"] = address
        parameters["sslrootcert"] = authorities
        // Without verification the file is not needed, and with it libpq would verify although it was not asked to.
        if parameters["sslmode"]?.hasUTF8Prefix("verify") != true { parameters["sslrootcert"] = "/dev/null/none" }
        let pairs = parameters.sorted { $0.key < $1.key }
        let connection = CStringArray(pairs.map(\.key)).withPointers { keywords in
            CStringArray(pairs.map(\.value)).withPointers { values in PQconnectStartParams(keywords, values, 0) }
        }
        guard let connection else { return .unreachable }
        defer { PQfinish(connection) }
        // What the server says does not appear in our output, and errors consist of their code.
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
        _ = PQsetErrorVerbosity(connection, PQERRORS_SQLSTATE)
        return Self.poll(connection, until: PostgresConnection.monotonicMilliseconds() + secondsMax * 1_000)
    }

    private static func poll(_ connection: OpaquePointer, until end: Int) -> Result {
        var (waits, sized) = (Int16(POLLOUT), Int32(-1))
        // A round reads at most what the socket's buffer holds, so a server that never stops cannot fill the memory.
        for _ in 0..<roundsMax {
            guard PQstatus(connection) != CONNECTION_BAD else { return failure(connection) }
            let descriptor = PQsocket(connection)
            guard descriptor >= 0 else { return failure(connection) }
            if descriptor != sized {
                var bytes = receiveBufferBytes
                setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
                sized = descriptor
            }
            let left = end - PostgresConnection.monotonicMilliseconds()
            guard left > 0 else { return .timedOut }
            var socket = pollfd(fd: descriptor, events: waits, revents: 0)
            let ready = Glibc.poll(&socket, 1, Int32(clamping: left))
            guard ready > 0 else {
                if ready < 0, errno == EINTR { continue }
                return ready == 0 ? .timedOut : .unreachable
            }
            switch PQconnectPoll(connection) {
            case PGRES_POLLING_OK: return .accepted
            case PGRES_POLLING_FAILED: return failure(connection)
            case PGRES_POLLING_WRITING: waits = Int16(POLLOUT)
            default: waits = Int16(POLLIN)
            }
        }
        return .timedOut
    }

    /// Returns the kind of failure. The message has the SQLSTATE alone at its end; other messages are libpq's own, and are not
    /// repeated.
    private static func failure(_ connection: OpaquePointer) -> Result {
        let text = PQerrorMessage(connection).map { String(cString: $0) } ?? ""
        let words = text.splitUTF8 { $0 == 0x20 || $0 == 0x0A }
        if let code = words.last, code.utf8.count == 5,
            code.utf8.allSatisfy({ $0.isASCIIUppercase || $0.isASCIIDigit }), text.containsUTF8(":  ")
        {
            return .refused(String(code))
        }
        if text.containsUTF8("SSL") || text.containsUTF8("certificate") || text.containsUTF8("TLS") { return .tlsFailed }
        return text.containsUTF8("timeout expired") ? .timedOut : .unreachable
    }
}
