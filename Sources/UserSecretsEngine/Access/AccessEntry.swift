import EngineKit
import Records
import Syntax

/// Who did something with a secret, from where, and what for.
struct Accessor: Sendable, Hashable {
    var actor = ""
    var entityID = ""
    var address = ""
    var userAgent = ""
    /// The workflow, its node and its execution, of a use that named them.
    var workflow: String?
    var node: String?
    var execution: String?
}

/// What was done with a secret, as its owner reads it.
struct AccessEntry: Sendable, Hashable {
    enum Action: String, Sendable, CaseIterable { case read, reveal, update, delete, use, test }

    let secret: SecretID
    let action: Action
    /// `ok`, or the reason of a refusal.
    var outcome = AccessEntry.done
    let accessor: Accessor

    static let done = "ok"
}

/// A part of an owner's access log: some entries, each with the time of the last of its accesses and their number.
struct AccessRecord: Record, Hashable {
    struct Row: Sendable, Hashable {
        var entry: AccessEntry
        var at: Timestamp
        var count = 1
    }

    /// The newest first.
    var rows: [Row]

    /// The largest number of rows of a record.
    static let rowsMax = 100
    /// The number of records that are kept for an owner.
    static let recordsMax = 2_000
    /// How long they are kept.
    static let daysKept = 90

    init(_ rows: [Row]) { self.rows = rows }

    init(_ entry: AccessEntry, at now: Timestamp) { rows = [Row(entry: entry, at: now)] }

    var stored: JSONObject {
        [
            "rows": .array(
                rows.map { row in
                    let by = row.entry.accessor
                    var object: JSONObject = [
                        "secret": .string(row.entry.secret.text), "action": .string(row.entry.action.rawValue),
                        "outcome": .string(row.entry.outcome), "at": .int(row.at.nanoseconds), "count": .int(row.count),
                    ]
                    for (name, text) in [
                        ("actor", by.actor), ("entity", by.entityID), ("address", by.address), ("user_agent", by.userAgent),
                        ("workflow", by.workflow ?? ""), ("node", by.node ?? ""), ("execution", by.execution ?? ""),
                    ] where !text.isEmpty { object[name] = .string(text) }
                    return .object(object)
                })
        ]
    }

    init?(stored object: JSONObject) {
        guard let rows = object["rows"]?.arrayValue else { return nil }
        self.rows = []
        for row in rows {
            guard let secret = row["secret"]?.stringValue.flatMap(SecretID.init),
                let action = row["action"]?.stringValue.flatMap(AccessEntry.Action.init(rawValue:)),
                let outcome = row["outcome"]?.stringValue, let at = row["at"]?.momentValue, let count = row["count"]?.countValue
            else { return nil }
            let by = Accessor(
                actor: row["actor"]?.stringValue ?? "", entityID: row["entity"]?.stringValue ?? "",
                address: row["address"]?.stringValue ?? "", userAgent: row["user_agent"]?.stringValue ?? "",
                workflow: row["workflow"]?.stringValue, node: row["node"]?.stringValue, execution: row["execution"]?.stringValue)
            self.rows.append(
                Row(entry: AccessEntry(secret: secret, action: action, outcome: outcome, accessor: by), at: at, count: count))
        }
    }
}

/// The name of a part of the access log. Names are in the order of time, the newest first.
struct AccessName: Sendable, Hashable {
    let text: String

    init(at now: Timestamp, randomness: any Randomness) {
        let digits = String(Int64.max - max(now.nanoseconds, 0))
        text = String(repeating: "0", count: 19 - digits.utf8.count) + digits + "-" + Hex.encode(randomness.bytes(4))
    }

    /// Reads the name of a record. Returns nil if it is none.
    init?(stored text: String) {
        guard text.utf8.count == 28, let (digits, _) = text.cutUTF8(at: "-"), digits.utf8.count == 19,
            digits.utf8.allSatisfy(\.isASCIIDigit), Int64(digits) != nil
        else {
            return nil
        }
        self.text = text
    }

    /// When the record was written.
    var writtenAt: Timestamp { Timestamp(nanoseconds: Int64.max - (Int64(text.prefixUTF8(19)) ?? 0)) }
}
