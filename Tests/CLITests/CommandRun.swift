import CLI
import CofferClient
import Synchronization
import Syntax

/// A command line run without a network: what it printed, what it sent, and its exit status.
struct CommandRun {
    var status: Int32
    var output: String
    var errors: String
    var requests: [ClientRequest]

    /// - Parameter answer: what the server says to a method and a path below `/v1`, with its query.
    init(
        _ arguments: [String], environment: [String: String] = ["COFFER_TOKEN": "hvs.test"], input: String = "",
        typed: HiddenAnswer? = nil,
        answer: @escaping @Sendable (_ method: String, _ path: String) -> (Int, JSON?) = { _, _ in (204, nil) }
    ) async {
        let console = RecordedConsole()
        let transport = ScriptedTransport(answer: answer)
        var environment = environment
        if environment["COFFER_ADDR"] == nil { environment["COFFER_ADDR"] = "http://server:8200" }
        let bytes = Array(input.utf8)
        var system = System(
            environment: environment, console: console.console, input: Input(readInput: { bytes }), transport: transport)
        if let typed { system.askHidden = { _ in typed } }
        status = await Program.run(arguments, system: system)
        (output, errors) = console.text
        requests = transport.requests
    }

    /// `METHOD path?query` of every request.
    var lines: [String] { requests.map { "\($0.method.rawValue) \($0.url.dropFirst("http://server:8200/v1/".count))" } }

    /// The body of the last request.
    var sent: JSON? { requests.last?.body.flatMap { try? JSON(parsing: $0) } }
}

private final class RecordedConsole: Sendable {
    private let written = Mutex(("", ""))

    var text: (String, String) { written.withLock { $0 } }

    var console: Console {
        Console(isTerminal: false) { text, isError in
            self.written.withLock { if isError { $0.1 += text } else { $0.0 += text } }
        }
    }
}

private final class ScriptedTransport: ClientTransport {
    private let answer: @Sendable (String, String) -> (Int, JSON?)
    private let sent = Mutex<[ClientRequest]>([])

    init(answer: @escaping @Sendable (String, String) -> (Int, JSON?)) { self.answer = answer }

    var requests: [ClientRequest] { sent.withLock { $0 } }

    func shutdown() async {}

    func execute(_ request: ClientRequest) async throws(ClientError) -> TransportResponse {
        sent.withLock { $0.append(request) }
        let (status, body) = answer(request.method.rawValue, String(request.url.dropFirst("http://server:8200/v1/".count)))
        return TransportResponse(
            status: status, headers: [HeaderItem("Content-Type", "application/json")], body: body?.encoded() ?? [])
    }
}

/// An answer in the API's envelope.
func envelope(_ data: JSON, auth: JSON = .null, warnings: JSON = .null) -> JSON {
    [
        "request_id": "r-1", "lease_id": "", "renewable": false, "lease_duration": 0, "data": data, "wrap_info": .null,
        "warnings": warnings,
        "auth": auth, "mount_type": "kv",
    ]
}

/// A server with a KV mount of each version, at `secret/` and `plain/`; other paths are answered by `rest`.
func mounts(_ rest: @escaping @Sendable (String, String) -> (Int, JSON?)) -> @Sendable (String, String) -> (Int, JSON?) {
    { method, path in
        if path.hasPrefix("sys/internal/ui/mounts/secret") {
            return (200, envelope(["path": "secret/", "options": ["version": "2"]]))
        }
        if path.hasPrefix("sys/internal/ui/mounts/plain") { return (200, envelope(["path": "plain/", "options": .null])) }
        return rest(method, path)
    }
}
