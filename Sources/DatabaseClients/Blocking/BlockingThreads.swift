import EngineKit

/// A limited number of threads for calls that block, so that a slow database does not delay the server's own threads.
package final class BlockingThreads: Sendable {
    /// The threads for all databases of the process.
    package static let shared = BlockingThreads(threadsMax: 32, queueMax: 1_024)

    private let threads: BoundedThreads

    /// Creates at most `threadsMax` threads, for which at most `queueMax` calls wait.
    package init(threadsMax: Int, queueMax: Int) { threads = BoundedThreads(threadsMax: threadsMax, queueMax: queueMax) }

    /// Runs `body` on one of the threads.
    ///
    /// - Throws: ``DatabaseError/busy`` if too many calls wait; what `body` throws.
    package func run<Success: Sendable>(
        _ body: @escaping @Sendable () throws(DatabaseError) -> Success
    ) async throws(DatabaseError) -> Success {
        let result: Result<Success, DatabaseError> = await withCheckedContinuation { continuation in
            let outcome = threads.add {
                do throws(DatabaseError) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
            if outcome != .taken { continuation.resume(returning: .failure(.busy)) }
        }
        return try result.get()
    }
}
