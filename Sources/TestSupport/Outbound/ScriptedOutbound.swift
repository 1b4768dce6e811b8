package import Outbound
import Synchronization

/// Answers requests to other servers as a test wants, and keeps what was asked. Nothing leaves the process.
///
/// It checks neither addresses nor bounds; `OutboundClient` with a ``ScriptedResolver`` does.
package final class ScriptedOutbound: Outbound {
    /// Makes the response to a request, or throws what a client would.
    package typealias Answer = @Sendable (OutboundRequest) async throws(OutboundError) -> OutboundReply

    private let state: Mutex<(answer: Answer, requests: [OutboundRequest])>

    /// Creates servers that answer every request alike.
    package init(_ answer: @escaping Answer) { state = Mutex((answer, [])) }

    /// Creates servers that answer JSON by URL, and every other URL with 404.
    package convenience init(json answers: [String: String]) {
        self.init { request throws(OutboundError) in
            guard let text = answers[request.url] else { return OutboundReply(status: 404) }
            return OutboundReply(status: 200, body: Array(text.utf8))
        }
    }

    /// The requests so far, in their order.
    package var requests: [OutboundRequest] { state.withLock { $0.requests } }

    /// Changes the answers from now on.
    package func answer(with answer: @escaping Answer) { state.withLock { $0.answer = answer } }

    package func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundReply {
        let answer = state.withLock { state in
            state.requests.append(request)
            return state.answer
        }
        return try await answer(request)
    }
}
