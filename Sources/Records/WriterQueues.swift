import Synchronization

/// Queues in which the writers of the same record on one node wait for each other, so that they do not conflict and retry.
///
/// Conflicts with writers on other nodes are found by the preconditions of the batch.
package final class WriterQueues: Sendable {
    // A key is present while a writer runs. Its value is the list of waiting writers.
    private let lines = Mutex<[String: [CheckedContinuation<Void, Never>]]>([:])

    /// Creates queues without writers.
    package init() {}

    /// Runs `body` after the earlier writers of `key`.
    package func inTurn<Result, Failure>(
        _ key: String, _ body: () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        await enter(key)
        defer { leave(key) }
        return try await body()
    }

    private func enter(_ key: String) async {
        let isFree = lines.withLock { lines in
            guard lines[key] == nil else { return false }
            lines[key] = []
            return true
        }
        guard !isFree else { return }
        await withCheckedContinuation { continuation in
            let isFree = lines.withLock { lines in
                guard lines[key] != nil else {
                    lines[key] = []
                    return true
                }
                lines[key]?.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    private func leave(_ key: String) {
        let next: CheckedContinuation<Void, Never>? = lines.withLock { lines in
            guard let waiting = lines[key], !waiting.isEmpty else {
                lines[key] = nil
                return nil
            }
            return lines[key]?.removeFirst()
        }
        next?.resume()
    }
}
