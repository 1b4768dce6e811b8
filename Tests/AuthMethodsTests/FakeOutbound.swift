import Outbound
import Synchronization

/// Other servers, as a test plays them: each URL has an answer, and the requests are kept.
final class FakeOutbound: Outbound {
    typealias Answer = @Sendable (OutboundRequest) throws(OutboundError) -> OutboundReply

    private let state = Mutex<(answers: [String: Answer], requests: [OutboundRequest])>(([:], []))

    func answer(_ url: String, _ answer: @escaping Answer) { state.withLock { $0.answers[url] = answer } }

    func answer(_ url: String, _ body: [UInt8], status: Int = 200) {
        answer(url) { _ throws(OutboundError) in OutboundReply(status: status, body: body) }
    }

    func fail(_ url: String) { answer(url) { _ throws(OutboundError) in throw .notSent(.timedOut) } }

    var requests: [OutboundRequest] { state.withLock { $0.requests } }
    func forget() { state.withLock { $0.requests = [] } }

    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundReply {
        let answer = state.withLock { state in
            state.requests.append(request)
            return state.answers[request.url]
        }
        guard let answer else { throw .notSent(.unreachable) }
        return try answer(request)
    }
}
