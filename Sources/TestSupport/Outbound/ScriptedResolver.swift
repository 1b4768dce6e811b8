import Outbound
import Synchronization

/// Answers lookups of host names as a test wants, with a new answer each time until the last, and keeps the names.
package final class ScriptedResolver: HostResolver {
    private let state: Mutex<(answers: [[String]], asked: [String])>

    /// Creates a resolver with its answers; the last one is repeated.
    package init(_ answers: [String]...) { state = Mutex((answers, [])) }

    /// The names that were looked up, in their order.
    package var asked: [String] { state.withLock { $0.asked } }

    package func addresses(of host: String) async -> [String] {
        state.withLock { state in
            state.asked.append(host)
            return state.answers.count > 1 ? state.answers.removeFirst() : state.answers.first ?? []
        }
    }
}
