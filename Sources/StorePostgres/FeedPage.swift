import EngineKit

/// What happened after a number, and how far every node has come: read together.
struct FeedPage: Sendable {
    struct Change: Sendable {
        var sequence: Int64
        var node: String
        /// nil when they were too many to name.
        var keys: [String]?
    }

    /// What a node does about a page.
    struct Effect {
        var position: Int64
        /// nil when there is nothing to drop.
        var change: StorageChange?
        /// Something is there that the others wait for.
        var isForeign: Bool
    }

    var changes: [Change]
    var seen: [String: Int64]

    func effect(after position: Int64, isOwn: (Change) -> Bool) -> Effect {
        var effect = Effect(position: position, isForeign: false)
        var keys: [String] = []
        var isEverything = false
        for change in changes {
            // What is missing was trimmed, because this node was away for long.
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
