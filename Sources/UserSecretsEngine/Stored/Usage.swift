import EngineKit
import Records
import Syntax

/// How often a secret was used, to the minute. The record is made with the secret, so that a use that is counted after the secret was
/// deleted leaves nothing.
struct Usage: Record, Hashable {
    var count = 0
    var lastUsedAt: Timestamp?
    /// The workflow of the last use that named one.
    var workflow: String?

    init() {}

    var stored: JSONObject {
        var object: JSONObject = ["count": .int(count)]
        if let lastUsedAt { object["last_used_at"] = .int(lastUsedAt.nanoseconds) }
        if let workflow { object["workflow"] = .string(workflow) }
        return object
    }

    init?(stored object: JSONObject) {
        guard let count = object["count"]?.countValue else { return nil }
        self.count = count
        lastUsedAt = object["last_used_at"]?.momentValue
        workflow = object["workflow"]?.stringValue
    }

    /// Adds the uses of a while.
    mutating func add(_ uses: Usage) {
        count += uses.count
        workflow = uses.workflow ?? workflow
        lastUsedAt = max(lastUsedAt ?? uses.lastUsedAt, uses.lastUsedAt)
    }

    private func max(_ left: Timestamp?, _ right: Timestamp?) -> Timestamp? {
        guard let left, let right else { return left ?? right }
        return left < right ? right : left
    }
}
