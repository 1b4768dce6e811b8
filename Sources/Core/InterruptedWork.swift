import EngineKit
import Lifetimes

/// Finishes the token revocations and mount removals that a crash or an unavailable store interrupted.
///
/// Each such operation stores a note in its first batch. The leader finishes the operations whose notes it finds.
final class InterruptedWork: Sendable {
    private struct Seen {
        /// The last term in which this node finished its predecessor's revocations.
        var resumedTerm: UInt64?
        /// The ids of the revocations that were in progress at the last check.
        var revocations: Set<String> = []
        /// The number of checks that found each removal in progress, by the id of its mount.
        var removals: [String: Int] = [:]
    }

    /// The seconds between two checks.
    static let checkIntervalSeconds = 3
    /// The number of checks, which take a minute, during which a removal is left to the node that may be working on it.
    private static let removalChecksMax = 60 / checkIntervalSeconds

    private let tokens: TokenStore
    private let mounts: MountTable
    /// Whether other nodes serve the same store.
    private let isShared: Bool
    private let seen = UnfairLock(Seen())

    init(tokens: TokenStore, mounts: MountTable, isShared: Bool) {
        self.tokens = tokens
        self.mounts = mounts
        self.isShared = isShared
    }

    /// Finishes the revocations that the previous leader left, once per term. Removals are left to ``finishAbandoned()``, because
    /// the node that works on one may be alive.
    func takeOver(in term: UInt64) async throws {
        guard seen.withLock({ $0.resumedTerm != term }) else { return }
        try await tokens.resumeRevocations()
        seen.withLock { $0 = Seen(resumedTerm: term) }
    }

    /// Finishes what was interrupted in the current term: revocations that two checks in a row found, and removals that a minute of
    /// checks found.
    func finishAbandoned() async throws {
        let earlier = seen.withLock { $0 }
        let revocations = try await tokens.finishRevocations(leftSince: earlier.revocations)
        seen.withLock { $0.revocations = revocations }
        let removals = try await mounts.finishRemovals(
            leftFor: earlier.removals, checksMax: isShared ? Self.removalChecksMax : 0)
        seen.withLock { $0.removals = removals }
    }
}
