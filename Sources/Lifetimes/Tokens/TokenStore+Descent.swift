import EngineKit
import Synchronization

/// A token is valid only while all of its ancestors exist. A revocation deletes the parent first and then one generation
/// after another, so that every descendant is refused from its beginning, however long the rest takes.
///
/// Ancestors are looked up only after ``endings`` has changed, so that most requests need one comparison.
extension TokenStore {
    /// The largest number of ancestors that are looked up. It is greater than ``TokenEntry/generationsMax``, for tokens of
    /// servers that did not count generations. A token with more ancestors is refused.
    private static let ancestorsMax = 1_000

    /// Counts a change that may have deleted a token with descendants. To be called after the change, so that the next
    /// lookup sees it.
    func noteEnding() { endings.wrappingAdd(1, ordering: .acquiringAndReleasing) }

    /// Whether all ancestors of a token exist.
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
                // A damaged record still exists, so its token is not revoked.
                break
            }
        }
        for token in line { token.noteDescent(at: count) }
        return true
    }
}
