import EngineKit
import Syntax

extension UserSecretsEngine {
    /// The largest number of secrets in one request.
    static let bulkMax = 1_000

    /// `{owner}/bulk`: does the same with many secrets.
    var bulk: EnginePath {
        EnginePath(
            "{owner}/bulk", "Tag, enable, disable or delete many secrets.",
            details:
                "Each secret is changed by itself, and has an answer of its own in the order of the request. Whoever may change or "
                + "delete one secret by its own path needs the right to that path here too.",
            fields: [
                Self.ownerField,
                Field(
                    "action", .string, required: true, oneOf: BulkAction.allCases.map(\.rawValue),
                    "What to do: tag, untag, enable, disable or delete."),
                Field("ids", .strings, required: true, "The ids of the secrets, at most \(Self.bulkMax)."),
                Field("tags", .strings, "The tags to add or to remove."),
            ]
        )
        .updating("Change or delete secrets.", changeMany)
    }

    private enum BulkAction: String, CaseIterable { case tag, untag, enable, disable, delete }

    private func changeMany(_ request: Request) async throws -> Response {
        let records = try records(request)
        let ids = request.fields.texts("ids")
        guard ids.count <= Self.bulkMax else {
            throw UserSecretsFailure.invalidField("ids", "must have at most \(Self.bulkMax) elements")
        }
        guard let action = request.fields.string("action").flatMap(BulkAction.init(rawValue:)) else {
            throw CofferError.invalid("missing field 'action'")
        }
        let tags = try TextRule.checkTags(request.fields.texts("tags"))
        if tags.isEmpty, action == .tag || action == .untag { throw CofferError.invalid("missing field 'tags'") }
        var results: [JSON] = []
        for text in ids {
            try GivenUpRequest.check()
            var row: JSONObject = ["id": .string(text)]
            do {
                row["status"] = .string(try await change(text, action, tags: tags, in: records, for: request))
            } catch {
                let refusal = CofferError(wrapping: error)
                row["status"] = .string(refusal.code == .permissionDenied ? "denied" : "failed")
                row["error"] = .string(refusal.reason ?? refusal.code.rawValue)
            }
            results.append(.object(row))
        }
        return .data(["results": .array(results)])
    }

    /// Does one of many changes, and returns what became of it.
    private func change(
        _ text: String, _ action: BulkAction, tags: [String], in records: OwnedRecords, for request: Request
    ) async throws -> String {
        guard let id = SecretID(text) else { return "not_found" }
        guard request.mayAlso(action == .delete ? .delete : .update, "\(records.owner)/secrets/\(id)") else {
            throw CofferError.denied
        }
        if action == .delete { return try await store.delete(id, in: records, by: request.accessor) ? "done" : "not_found" }
        guard let loaded = try await store.load(id, from: records) else { return "not_found" }
        var change = SecretChange()
        switch action {
        case .enable, .disable:
            if loaded.secret.terms.isActive == (action == .enable) { return "unchanged" }
            change.isActive = action == .enable
        case .tag:
            let all = try TextRule.checkTags(loaded.secret.tags + tags)
            if all.count == loaded.secret.tags.count { return "unchanged" }
            change.tags = all
        case .untag:
            let left = loaded.secret.tags.filter { tag in !tags.contains { $0.equalsUTF8(tag) } }
            if left.count == loaded.secret.tags.count { return "unchanged" }
            change.tags = left
        case .delete: break
        }
        return try await store.edit(id, change, in: records, by: request.accessor) == nil ? "not_found" : "done"
    }
}
