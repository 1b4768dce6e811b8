import EngineKit
import Synchronization

/// A token is good while all that it descends from are there: a revocation takes the parent away first, and then one
/// generation after the other. So the moment that it begins, nothing below is accepted any more, however long the rest takes
/// and whoever finishes it.
///
/// Whether a parent is there is looked up once in each count of endings, so requests in between pay for one comparison.
extension TokenStore {
    /// More than ``TokenEntry/generationsMax``, for families of servers that did not count; what lies deeper is refused.
    private static let ancestorsMax = 1_000

    /// Counts what may have taken a token with descendants away. Called after the change, so that whoever looks next sees it.
    func noteEnding() { endings.wrappingAdd(1, ordering: .acquiringAndReleasing) }

    /// Whether every ancestor of a token is there.
    func descends(_ token: LiveToken) async throws(StorageError) -> Bool {
        let count = endings.load(ordering: .acquiring)
        var line: [LiveToken] = []
        var youngest = token
        while !youngest.isDescentKnown(at: count) {
            guard line.count < Self.ancestorsMax else { return false }
            line.append(youngest)
            do throws(StorageError) {
                guard let parent = try await find(id: youngest.entry.parentID) else { return false }
                youngest = parent
            } catch .corrupted {
                // Damaged is not revoked: the record is there.
                break
            }
        }
        for token in line { token.noteDescent(at: count) }
        return true
    }
}
