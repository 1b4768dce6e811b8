import EngineKit
import Lifetimes
import Logging
import Synchronization

/// Removes accessors that lead to no token, in the background, for all of them are looked at. A call meanwhile begins no second
/// round.
final class AccessorTidy: Sendable {
    private static let pageSize = 500

    private let tokens: TokenStore
    private let logger: Logger
    private let isRunning = Atomic(false)

    init(tokens: TokenStore, logger: Logger) {
        self.tokens = tokens
        self.logger = logger
    }

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
                logger.warning("the tidy of accessors stopped; start it again", metadata: RepeatedFaults.described(error))
            }
        }
    }
}
