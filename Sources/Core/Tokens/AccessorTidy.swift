import EngineKit
import Lifetimes
import Logging
import Synchronization

/// Deletes accessors that belong to no token, in the background because it reads all of them. Only one run is in progress at a
/// time.
final class AccessorTidy: Sendable {
    private static let pageSize = 500

    private let tokens: TokenStore
    private let logger: Logger
    private let isRunning = Atomic(false)

    init(tokens: TokenStore, logger: Logger) {
        self.tokens = tokens
        self.logger = logger
    }

    /// Starts a run, unless one is in progress.
    func begin() {
        guard isRunning.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged else { return }
        Task.detached(priority: .background) { [self] in
            defer { isRunning.store(false, ordering: .releasing) }
            do {
                var last = try await tokens.tidyAccessors(limit: Self.pageSize)
                while let after = last { last = try await tokens.tidyAccessors(after: after, limit: Self.pageSize) }
            } catch StorageError.sealed {
                return
            } catch {
                logger.warning(
                    "the tidy of accessors failed; start it again at auth/token/tidy",
                    metadata: RepeatedFailures.metadata(of: error))
            }
        }
    }
}
