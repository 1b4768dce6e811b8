import CPostgres
import Glibc

/// Statements in the binary format, which are prepared once a session, and notifications.
extension PostgresConnection {
    private static let preparedMax = 64

    /// Runs a statement of Coffer with its parameters and returns its rows.
    @discardableResult
    package func run(_ sql: String, _ parameters: [PostgresValue] = []) throws(DatabaseError) -> [PostgresRow] {
        guard let connection, !isBroken else { throw .unavailable("the connection to the database was lost") }
        let name = try prepare(sql, parameters, on: connection)
        var buffer: [UInt8] = []
        var ends: [Int] = []
        for parameter in parameters {
            parameter.append(to: &buffer)
            ends.append(buffer.count)
        }
        // An empty value needs a pointer that is not null, because null stands for NULL.
        buffer.append(0)
        let isSent = buffer.withUnsafeBufferPointer { buffer in
            var start = 0
            var pointers: [UnsafePointer<CChar>?] = []
            var lengths: [Int32] = []
            for end in ends {
                let pointer = buffer.baseAddress.map { UnsafeRawPointer($0 + start).assumingMemoryBound(to: CChar.self) }
                pointers.append(pointer)
                lengths.append(Int32(end - start))
                start = end
            }
            return PQsendQueryPrepared(
                connection, name, Int32(parameters.count), pointers, lengths, [Int32](repeating: 1, count: parameters.count), 1)
        }
        guard isSent == 1 else { throw lost() }
        return try answer(connection)
    }

    private func prepare(
        _ sql: String, _ parameters: [PostgresValue], on connection: OpaquePointer
    ) throws(DatabaseError) -> String {
        if let name = prepared[sql] { return name }
        guard prepared.count < Self.preparedMax else { throw .failed("too many prepared statements") }
        let name = "s\(prepared.count)"
        guard PQsendPrepare(connection, name, sql, Int32(parameters.count), parameters.map(\.type)) == 1 else { throw lost() }
        _ = try answer(connection)
        prepared[sql] = name
        return name
    }

    private func answer(_ connection: OpaquePointer) throws(DatabaseError) -> [PostgresRow] {
        var rows: [PostgresRow] = []
        var failure: DatabaseError?
        while let result = try nextResult(connection) {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK: rows = Self.binaryRows(result)
            case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: break
            default: failure = failure ?? .failed(PostgresFailure.statement(result))
            }
        }
        if PQstatus(connection) != CONNECTION_OK { throw lost() }
        if let failure { throw failure }
        return rows
    }

    private static func binaryRows(_ result: OpaquePointer) -> [PostgresRow] {
        let columns = PQnfields(result)
        return (0..<PQntuples(result)).map { row in
            PostgresRow(
                columns: (0..<columns).map { column in
                    guard PQgetisnull(result, row, column) == 0, let value = PQgetvalue(result, row, column) else { return nil }
                    return [UInt8](UnsafeRawBufferPointer(start: value, count: Int(PQgetlength(result, row, column))))
                })
        }
    }

    /// Waits for notifications and returns their payloads, or an empty list if none came in time.
    package func notifications(waitingMilliseconds: Int) throws(DatabaseError) -> [String] {
        guard let connection, !isBroken else { throw .unavailable("the connection to the database was lost") }
        var payloads = try takeNotifications(connection)
        guard payloads.isEmpty else { return payloads }
        var socket = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
        guard poll(&socket, 1, Int32(clamping: max(waitingMilliseconds, 0))) >= 0 || errno == EINTR else { throw lost() }
        payloads = try takeNotifications(connection)
        return payloads
    }

    private func takeNotifications(_ connection: OpaquePointer) throws(DatabaseError) -> [String] {
        guard PQconsumeInput(connection) == 1, PQstatus(connection) == CONNECTION_OK else { throw lost() }
        var payloads: [String] = []
        while let notification = PQnotifies(connection) {
            if let extra = notification.pointee.extra { payloads.append(String(cString: extra)) }
            PQfreemem(notification)
        }
        return payloads
    }
}
