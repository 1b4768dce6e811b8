import EngineKit
import Lifetimes

/// What a node that died, or a request whose store was away, left half-done: revocations of tokens and removals of mounts, each of
/// which leaves a note in its first batch. Whoever leads finishes them.
final class UnfinishedWork: Sendable {
    private struct Seen {
        /// The last term in which this node finished what its predecessor had begun.
        var resumedTerm: UInt64?
        /// Under way at the last look.
        var revocations: Set<String> = []
        /// The number of looks at which each removal was found, by the id of its mount.
        var removals: [String: Int] = [:]
    }

    /// Seconds between looks.
    static let secondsBetweenLooks = 3
    /// Looks for which a removal on another node is left alone: a minute's.
    private static let removalLooksMax = 60 / secondsBetweenLooks

    private let tokens: TokenStore
    private let mounts: MountTable
    /// Other nodes serve the same store.
    private let isShared: Bool
    private let seen = UnfairLock(Seen())

    init(tokens: TokenStore, mounts: MountTable, isShared: Bool) {
        self.tokens = tokens
        self.mounts = mounts
        self.isShared = isShared
    }

    /// What the last leader may have left half-done, once in each term. Removals of mounts are left to the looks: the node
    /// that is at work on one may be alive.
    func takeOver(in term: UInt64) async throws {
        guard seen.withLock({ $0.resumedTerm != term }) else { return }
        try await tokens.resumeRevocations()
        seen.withLock { $0 = Seen(resumedTerm: term) }
    }

    /// What was left half-done in this very term: what is still under way at the next look is finished.
    func look() async throws {
        let earlier = seen.withLock { $0 }
        let revocations = try await tokens.finishRevocations(leftSince: earlier.revocations)
        seen.withLock { $0.revocations = revocations }
        let removals = try await mounts.finishRemovals(
            leftFor: earlier.removals, looksMax: isShared ? Self.removalLooksMax : 0)
        seen.withLock { $0.removals = removals }
    }
}
