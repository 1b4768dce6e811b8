internal import CofferClient
internal import Synchronization

/// A transport that sends nothing and keeps the first request, for `-output-curl-string` and `-output-policy`.
final class HoldingTransport: ClientTransport {
    private let held = Mutex<ClientRequest?>(nil)

    var request: ClientRequest? { held.withLock { $0 } }

    func shutdown() async {}

    func execute(_ request: ClientRequest) async throws(ClientError) -> TransportResponse {
        held.withLock { if $0 == nil { $0 = request } }
        throw ClientError(.canceled, "the request was printed instead of sent")
    }
}
