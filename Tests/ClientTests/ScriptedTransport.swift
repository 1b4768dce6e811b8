import CofferClient
import Synchronization

/// Answers with a list of answers in turn, the last one for ever.
final class ScriptedTransport: ClientTransport {
    private let state: Mutex<(answers: [TransportResponse], requests: [ClientRequest])>

    init(_ answers: [TransportResponse]) { state = Mutex((answers, [])) }

    var requests: [ClientRequest] { state.withLock { $0.requests } }

    func shutdown() async {}

    func execute(_ request: ClientRequest) async throws(ClientError) -> TransportResponse {
        state.withLock { state in
            state.requests.append(request)
            return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
        }
    }
}

extension TransportResponse {
    init(_ status: Int, _ body: String = "", location: String? = nil) {
        self.init(status: status, headers: location.map { [HeaderItem("Location", $0)] } ?? [], body: Array(body.utf8))
    }
}

func client(
    _ transport: ScriptedTransport, _ address: String = "http://server:8200", change: (inout ClientConfiguration) -> Void = { _ in }
)
    throws -> CofferClient
{
    var configuration = ClientConfiguration(address: address, token: "hvs.secret")
    configuration.retryWait = .zero
    change(&configuration)
    return try CofferClient(configuration: configuration, transport: transport)
}
