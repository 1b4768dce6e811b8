import CPostgres
import Glibc

/// A session of libpq. Its calls block, so only the threads of a pool use it, one at a time.
package final class PostgresConnection: PooledConnection, @unchecked Sendable {  // the pool lends it to one thread at a time
    var connection: OpaquePointer?
    var isBroken = false

    /// The time limit of a statement, in seconds. The connection is abandoned a little later.
    private let statementSecondsMax: Int
    /// The names of prepared statements by their text.
    var prepared: [String: String] = [:]

    /// Opens a session.
    ///
    /// - Throws: ``DatabaseError/unavailable(_:)`` if the server cannot be reached or refuses the login.
    package init(_ target: PostgresTarget, statementSecondsMax: Int = 30) throws(DatabaseError) {
        self.statementSecondsMax = statementSecondsMax
        let pairs = target.parameters.sorted { $0.key < $1.key }
        connection = CStringArray(pairs.map(\.key)).withPointers { keywords in
            CStringArray(pairs.map(\.value)).withPointers { values in PQconnectdbParams(keywords, values, 0) }
        }
        guard let connection, PQstatus(connection) == CONNECTION_OK else {
            let message = PostgresFailure.connecting(self.connection)
            close()
            throw .unavailable(message)
        }
        // Notices of the server do not appear in our output.
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
        do throws(DatabaseError) {
            let milliseconds = statementSecondsMax * 1_000
            for setting in [
                "standard_conforming_strings = on", "client_min_messages = error", "statement_timeout = \(milliseconds)",
                "lock_timeout = \(milliseconds)", "idle_in_transaction_session_timeout = \(milliseconds)",
            ] { try execute("SET \(setting)") }
        } catch {
            close()
            throw .unavailable(error.message)
        }
    }

    deinit { close() }

    /// Ends the session. It may be called again.
    package func close() {
        if let connection { PQfinish(connection) }
        connection = nil
    }

    /// Whether the session can be used again. An idle session has nothing to read unless the server has ended it.
    package var isUsable: Bool {
        guard let connection, !isBroken, PQstatus(connection) == CONNECTION_OK,
            PQtransactionStatus(connection) == PQTRANS_IDLE
        else { return false }
        var socket = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
        guard poll(&socket, 1, 0) > 0 else { return true }
        return PQconsumeInput(connection) == 1 && PQstatus(connection) == CONNECTION_OK && PQisBusy(connection) == 0
    }

    /// Whether a transaction is open.
    package var isInTransaction: Bool { connection.map { PQtransactionStatus($0) == PQTRANS_INTRANS } ?? false }
    /// Whether the connection was lost. An operation that was in progress may or may not have happened.
    package var isLost: Bool { isBroken || connection.map { PQstatus($0) != CONNECTION_OK } ?? true }

    // MARK: Statements

    /// Runs one statement and returns its rows as text. The protocol does not allow a second statement in the text.
    @discardableResult
    package func execute(_ sql: String, _ parameters: [String] = []) throws(DatabaseError) -> [[String?]] {
        guard let connection, !isBroken else { throw .unavailable("the connection to the database was lost") }
        let isSent = CStringArray(parameters).withPointers { values in
            PQsendQueryParams(connection, sql, Int32(parameters.count), nil, values, nil, nil, 0)
        }
        guard isSent == 1 else { throw lost() }
        var rows: [[String?]] = []
        var failure: DatabaseError?
        while let result = try nextResult(connection) {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK: rows = Self.rows(result)
            case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: break
            case PGRES_FATAL_ERROR, PGRES_NONFATAL_ERROR, PGRES_BAD_RESPONSE:
                failure = failure ?? .failed(PostgresFailure.statement(result))
            default:
                // COPY would wait for data that is never sent.
                isBroken = true
                throw .failed("a statement copies data (COPY), which is not possible here")
            }
        }
        if PQstatus(connection) != CONNECTION_OK { throw lost() }
        if let failure { throw failure }
        return rows
    }

    func nextResult(_ connection: OpaquePointer) throws(DatabaseError) -> OpaquePointer? {
        let end = Self.monotonicMilliseconds() + statementSecondsMax * 1_000 + 5_000
        while true {
            let unsent = PQflush(connection)
            guard unsent >= 0 else { throw lost() }
            if unsent == 0, PQisBusy(connection) == 0 { return PQgetResult(connection) }
            let left = end - Self.monotonicMilliseconds()
            guard left > 0 else {
                isBroken = true
                throw .unavailable("the database did not answer in time")
            }
            var socket = pollfd(fd: PQsocket(connection), events: Int16(unsent == 1 ? POLLIN | POLLOUT : POLLIN), revents: 0)
            guard poll(&socket, 1, Int32(min(left, 1_000))) >= 0 || errno == EINTR else { throw lost() }
            if socket.revents != 0, PQconsumeInput(connection) != 1 { throw lost() }
        }
    }

    func lost() -> DatabaseError {
        isBroken = true
        return .unavailable("the connection to the database was lost")
    }

    private static func rows(_ result: OpaquePointer) -> [[String?]] {
        (0..<PQntuples(result)).map { row in
            (0..<PQnfields(result)).map { column in
                PQgetisnull(result, row, column) == 1 ? nil : PQgetvalue(result, row, column).map { String(cString: $0) }
            }
        }
    }

    static func monotonicMilliseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    }

    // MARK: Quoting

    /// Returns the name quoted as an identifier.
    package func identifier(_ name: String) throws(DatabaseError) -> String { try escaped(name, PQescapeIdentifier) }

    /// Returns the text quoted as a string.
    package func literal(_ text: String) throws(DatabaseError) -> String { try escaped(text, PQescapeLiteral) }

    private func escaped(
        _ text: String, _ escape: (OpaquePointer?, UnsafePointer<CChar>?, Int) -> UnsafeMutablePointer<CChar>?
    ) throws(DatabaseError) -> String {
        guard let connection else { throw .unavailable("the connection to the database was lost") }
        guard let quoted = text.withCString({ escape(connection, $0, text.utf8.count) }) else {
            throw .invalid("a name or value cannot be written in this database's encoding")
        }
        defer { PQfreemem(quoted) }
        return String(cString: quoted)
    }

    /// Returns the form in which the server stores a password. Sent in place of the password, it keeps the password out of
    /// the server's logs and statistics.
    package func scramVerifier(of password: String, user: String) throws(DatabaseError) -> String {
        guard let verifier = PQencryptPasswordConn(connection, password, user, "scram-sha-256") else {
            throw .invalid("the password cannot be prepared for scram-sha-256")
        }
        defer { PQfreemem(verifier) }
        return String(cString: verifier)
    }
}

/// An array of C strings that ends with a null pointer.
package struct CStringArray {
    private let strings: [String]

    /// Creates the array.
    package init(_ strings: [String]) { self.strings = strings }

    /// Calls `body` with pointers that are valid for the duration of the call.
    package func withPointers<Result>(_ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result) -> Result {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        var pointers: [UnsafePointer<CChar>?] = copies.map { $0.map { UnsafePointer($0) } }
        pointers.append(nil)
        return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}
