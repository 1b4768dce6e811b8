import HTTPShell
import Testing

@Suite struct ShutdownTests {
    /// The server closes the connection, or `talk` would not return.
    @Test func finishesWhatItAccepted() async throws {
        let gate = GatedDialect()
        try await LiveShell.run([gate]) { live in
            async let reply = live.talk("GET /v1/a HTTP/1.1\r\nHost: h\r\n\r\n")
            await gate.arrived()
            await live.stop()
            gate.open()
            let text = try await reply
            #expect(text.hasPrefix("HTTP/1.1 200 OK"))
        }
    }

    @Test func closesIdleConnectionsAtOnce() async throws {
        try await LiveShell.run { live in
            let rest = try await onThread {
                let client = try RawClient(port: live.port)
                try client.send("GET /v1/a HTTP/1.1\r\nHost: h\r\n\r\n")
                _ = try client.read(until: "127.0.0.1")
                return client
            }
            await live.stop()
            let after = try await onThread { try rest.readToEnd() }
            #expect(after.isEmpty)
        }
    }
}
