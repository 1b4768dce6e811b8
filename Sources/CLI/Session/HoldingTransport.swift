internal import CofferClient
internal import Synchronization

/// Sends nothing: keeps the first request, to be shown.
final class HoldingTransport: ClientTransport {
    private let held = Mutex<ClientRequest?>(nil)

    var request: ClientRequest? { held.withLock { $0 } }

    func shutdown() async {}

    func execute(_ request: ClientRequest) async throws(ClientError) -> TransportResponse {
        held.withLock { if $0 == nil { $0 = request } }
        throw ClientError(.canceled, "the request was printed instead of sent")
    }
}
