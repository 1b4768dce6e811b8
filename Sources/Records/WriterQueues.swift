import Synchronization

/// Writers of the same record go one after the other, so that on one node they never undo each other's work and retry.
///
/// Other nodes' writers are noticed by the preconditions of the batch.
package final class WriterQueues: Sendable {
    // A key is present while somebody holds it; its value are those who wait.
    private let lines = Mutex<[String: [CheckedContinuation<Void, Never>]]>([:])

    package init() {}

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
