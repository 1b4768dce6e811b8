import EngineKit
import Syntax

/// Which entries of an access log are shown, and from where.
struct AccessQuery: Sendable {
    var secret: SecretID?
    var action: AccessEntry.Action?
    var outcome: String?
    var since: Timestamp?
    var after: (name: String, row: Int)?
    var limit: Int

    /// The largest number of entries of an answer.
    static let limitMax = 1_000

    static let fields =
        Paging.fields + [
            Field(
                "action", .string, query: true, oneOf: AccessEntry.Action.allCases.map(\.rawValue),
                "Show only accesses of this kind."),
            Field("outcome", .string, query: true, "Show only accesses with this outcome: ok, or the reason of a refusal."),
            Field("since", .any, query: true, "Show only accesses from this time on."),
        ]

    init(_ fields: Fields, of secret: SecretID?) throws(CofferError) {
        self.secret = secret
        let paging = Paging(fields, limitMax: Self.limitMax)
        limit = paging.limit
        action = fields.string("action").flatMap(AccessEntry.Action.init(rawValue:))
        outcome = fields.string("outcome").flatMap { $0.isEmpty ? nil : $0 }
        since = try fields.moment("since")
        if let text = paging.after {
            guard text.utf8.count <= 40, let (name, row) = text.cutUTF8(at: "_"), AccessName(stored: String(name)) != nil,
                let row = Int(row), row >= 0
            else { throw UserSecretsFailure.invalidField("after", "must be the 'next' of an earlier answer") }
            after = (String(name), row)
        }
    }

    private func matches(_ row: AccessRecord.Row) -> Bool {
        if let secret, row.entry.secret != secret { return false }
        if let action, row.entry.action != action { return false }
        if let outcome, !row.entry.outcome.equalsUTF8(outcome) { return false }
        if let since, row.at < since { return false }
        return true
    }

    /// Returns one page of the entries that are asked for, and from where the next one continues; nil if there are no more.
    func page(of records: OwnedRecords, at now: Timestamp) async throws -> (rows: [AccessRecord.Row], next: String?) {
        let oldest = now.adding(seconds: -AccessRecord.daysKept * 86_400)
        var rows: [AccessRecord.Row] = []
        // The record in which the last page ended is read again.
        var names: [String] = after.map { [$0.name] } ?? []
        names += try await records.names(in: .access, after: after?.name, limit: AccessRecord.recordsMax)
        for text in names {
            try GivenUpRequest.check()
            guard let name = AccessName(stored: text), name.writtenAt >= oldest else { continue }
            // A record is written at most a flush after its last row, so nothing that is asked for is in older ones.
            if let since, name.writtenAt < since { break }
            guard let record = try await records.find(.access(name), as: AccessRecord.self) else { continue }
            let start = text == after?.name ? (after?.row ?? 0) : 0
            for (number, row) in record.value.rows.enumerated() where number >= start && matches(row) {
                guard rows.count < limit else { return (rows, "\(text)_\(number)") }
                rows.append(row)
            }
        }
        return (rows, nil)
    }
}
