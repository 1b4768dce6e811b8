import HTTPShell
import Synchronization
import Testing

/// Notes what is put on record, and answers nothing else.
private final class Recording: Dialect {
    let prefix = "/v1/"
    let isAble: Bool
    private let found = Mutex<[String]>([])

    var lines: [String] { found.withLock { $0 } }

    init(isAble: Bool = true) { self.isAble = isAble }

    func respond(to request: ShellRequest) async -> ShellResponse { ShellResponse(status: 204) }

    func record(_ refusal: HTTPRefusal, of request: ShellRequest) async -> ShellResponse? {
        await Task.yield()
        found.withLock { $0.append("\(refusal.status) \(request.method) \(request.path) \(request.query)\(request.body.count)") }
        return isAble ? nil : ShellResponse(status: 500)
    }
}

/// What the shell refuses is on record like what the pipeline refuses, before it is answered.
@Suite struct RecordedRefusalTests {
    static let refused: [(String, String)] = [
        ("PUT /v1/a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n", "413 PUT /v1/a 0"),
        (
            "PUT /v1/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + String(repeating: "x", count: 2_000),
            "413 PUT /v1/a 0"
        ),
        ("PUT /v1/a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Encoding: gzip\r\n\r\nab", "415 PUT /v1/a 0"),
        ("GET /v1/a HTTP/1.1\r\n\r\n", "400 GET /v1/a 0"),
        ("GET /v1/a HTTP/1.1\r\nHost: h\r\nX-Vault-Token: a\r\nX-Vault-Token: b\r\n\r\n", "400 GET /v1/a 0"),
        ("PUT /v1/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400 PUT /v1/a 0"),
        ("GET /elsewhere HTTP/1.1\r\nHost: h\r\nExpect: more\r\n\r\n", "417 GET /elsewhere 0"),
    ]

    @Test(arguments: refused) func aRefusalWithAProperPathIsOnRecord(request: String, line: String) async throws {
        for isAble in [true, false] {
            let dialect = Recording(isAble: isAble)
            try await LiveShell.run([dialect], { $0.limits.bodyBytesMax = 1_000 }) { live in
                let reply = try await live.talk(request)
                #expect(reply.hasPrefix("HTTP/1.1 \(isAble ? line.prefix(3) : "500") "), "\(reply.prefix(40))")
                #expect(reply.lowercased().contains("connection: close"))
                #expect(live.shell.underWay == (0, 0))
            }
            #expect(dialect.lines == [line])
        }
    }

    @Test(arguments: ["GET v1/a HTTP/1.1\r\nHost: h\r\n\r\n", "GET /v1/a\r\n\r\n", "\r\n\u{1}\r\n\r\n"])
    func whatHasNoPathIsNot(request: String) async throws {
        let dialect = Recording()
        try await LiveShell.run([dialect]) { live in
            let reply = try await live.talk(request, closesInput: true)
            #expect(reply.hasPrefix("HTTP/1.1 400 "))
        }
        #expect(dialect.lines.isEmpty)
    }

    @Test func aServerWithoutRoomRecordsNothing() async throws {
        let dialect = Recording()
        var capacity = ShellCapacity()
        capacity.requestsMax = 0
        try await LiveShell.run([dialect], capacity: capacity) { live in
            let reply = try await live.talk("PUT /v1/a HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n")
            #expect(reply.hasPrefix("HTTP/1.1 503 "))
        }
        #expect(dialect.lines.isEmpty)
    }
}
