import EngineKit

/// The changes after a number, and how far every node has come, read in one statement.
struct FeedPage: Sendable {
    struct Change: Sendable {
        var sequence: Int64
        var node: String
        /// The keys of the changed records, or nil if there were too many to name.
        var keys: [String]?
    }

    /// What a node has to do after reading a page.
    struct Effect {
        var position: Int64
        /// What to drop from the caches, or nil for nothing.
        var change: StorageChange?
        /// Whether there is a change of another node, which waits for this one.
        var isForeign: Bool
    }

    var changes: [Change]
    var seen: [String: Int64]

    /// Returns what a node that has read up to `position` has to do.
    func effect(after position: Int64, isOwn: (Change) -> Bool) -> Effect {
        var effect = Effect(position: position, isForeign: false)
        var keys: [String] = []
        var isEverything = false
        for change in changes {
            // Missing changes were deleted because this node was away for long.
            if change.sequence != effect.position + 1 { isEverything = true }
            effect.position = change.sequence
            guard !isOwn(change) else { continue }
            effect.isForeign = true
            if let changed = change.keys { keys += changed } else { isEverything = true }
        }
        if isEverything {
            effect.change = .everything
            effect.isForeign = true
        } else if !keys.isEmpty {
            effect.change = .keys(keys)
        }
        return effect
    }
}
