import DatabaseClients
import Databases
import Glibc
import Testing

/// Whoever tests a connection string chooses the server, which may therefore do anything.
@Suite("Hostile databases", .serialized)
struct HostileServerTests {
    private func memoryKiB() -> Int {
        var usage = rusage()
        // 0 is RUSAGE_SELF, an enumeration that Swift imports as another type.
        getrusage(0, &usage)
        return usage.ru_maxrss
    }

    private func postgres(_ server: HostileServer, seconds: Int = 1) async throws -> PostgresLogin.Result {
        let login = try PostgresLogin("host=127.0.0.1 port=\(server.port) user=u password=CANARY sslmode=disable")
        return try await BlockingThreads.shared.run { () throws(DatabaseError) in
            login.run(at: "127.0.0.1", authorities: "", secondsMax: seconds)
        }
    }

    private func redis(_ server: HostileServer, tls: Bool = false, seconds: Int = 1) async throws -> RedisLogin.Result {
        let login = RedisLogin(
            host: "127.0.0.1", address: "127.0.0.1", port: server.port, usesTLS: tls, username: "u", password: "p")
        return try await BlockingThreads.shared.run { () throws(DatabaseError) in login.run(secondsMax: seconds) }
    }

    @Test("a server that says nothing is left after the time limit")
    func silent() async throws {
        let server = try HostileServer { connection in
            // Until the client leaves.
            var byte: UInt8 = 0
            while recv(connection, &byte, 1, 0) > 0 {}
        }
        defer { server.stop() }
        #expect(try await postgres(server) == .timedOut)
        for tls in [false, true] { #expect(try await redis(server, tls: tls) == .timedOut) }
    }

    @Test("a server that sends a byte now and then is left after the time limit")
    func slow() async throws {
        let server = try HostileServer { connection in
            while HostileServer.send(Array("+".utf8), to: connection) { usleep(100_000) }
        }
        defer { server.stop() }
        #expect(try await redis(server) == .timedOut)
    }

    @Test("a server that never stops sending does not fill the memory")
    func flood() async throws {
        let chunk = [UInt8](repeating: 0x41, count: 65_536)
        let redisServer = try HostileServer { connection in
            _ = HostileServer.send(Array("$536870912\r\n".utf8), to: connection)
            while HostileServer.send(chunk, to: connection) {}
        }
        defer { redisServer.stop() }
        let postgresServer = try HostileServer { connection in
            HostileServer.read(connection)
            // The login is accepted, and a notice of a gibibyte follows.
            _ = HostileServer.send([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x4E, 0x3F, 0xFF, 0xFF, 0xFF], to: connection)
            while HostileServer.send(chunk, to: connection) {}
        }
        defer { postgresServer.stop() }
        let before = memoryKiB()
        #expect(try await redis(redisServer) != .pong)
        #expect(try await postgres(postgresServer, seconds: 3) != .accepted)
        #expect(memoryKiB() - before < 200 << 10)
    }

    @Test("an error of a server is its code alone, whatever else it says")
    func errors() async throws {
        @Sendable func error(_ code: String, _ message: String) -> [UInt8] {
            let fields = Array("SFATAL\0VFATAL\0C\(code)\0M\(message)\0\0".utf8)
            let length = fields.count + 4
            return [0x45, 0, 0, UInt8(length >> 8), UInt8(length & 0xFF)] + fields
        }
        for (code, expected) in [
            ("28P01", PostgresLogin.Result.refused("28P01")), ("42501", .refused("42501")), ("XXXXXX", .unreachable),
        ] {
            let server = try HostileServer { connection in
                HostileServer.read(connection)
                _ = HostileServer.send(error(code, "password CANARY of host"), to: connection)
            }
            #expect(try await postgres(server, seconds: 30) == expected, "\(code)")
            server.stop()
        }
        for (line, expected) in [
            ("-WRONGPASS p CANARY\r\n", RedisLogin.Result.refused("WRONGPASS")), ("-NOPERM x\r\n", .refused("NOPERM")),
            ("+OK\r\n+PONG\r\n", .pong), ("+OK\r\n:7\r\n", .other), ("+OK\r\n$4\r\nnope\r\n", .other), ("rubbish", .unreachable),
        ] {
            let server = try HostileServer { connection in
                HostileServer.read(connection)
                _ = HostileServer.send(Array(line.utf8), to: connection)
                usleep(300_000)
            }
            #expect(try await redis(server, seconds: 30) == expected, "\(line)")
            server.stop()
        }
    }
}
