import EngineKit
import Syntax

extension UserSecretsEngine {
    /// `{owner}/access`: shows who did what with the owner's secrets.
    var access: EnginePath {
        EnginePath(
            "{owner}/access", "Show who did what with a user's secrets.",
            details:
                "The newest entries come first. Those of the last minute that wait for nobody (uses and reads) follow within a "
                + "minute; the audit log has them at once. \(AccessRecord.daysKept) days are kept.",
            fields: [Self.ownerField] + AccessQuery.fields
        )
        .reading("List accesses.") { try await readAccess($0, of: nil) }
    }

    /// `{owner}/secrets/{id}/access`: the same for one secret, which may be deleted.
    var secretAccess: EnginePath {
        EnginePath(
            "{owner}/secrets/{id}/access", "Show who did what with a secret.",
            fields: [Self.ownerField, Self.idField] + AccessQuery.fields
        )
        .reading("List accesses.") { try await readAccess($0, of: try id($0)) }
    }

    private func readAccess(_ request: Request, of secret: SecretID?) async throws -> Response {
        let query = try AccessQuery(request.fields, of: secret)
        let (rows, next) = try await query.page(of: try records(request), at: store.time.now())
        return .data(["entries": .array(rows.map { .object($0.shown) }), "next": .optional(next)])
    }
}

extension AccessRecord.Row {
    /// The entry as answers show it.
    fileprivate var shown: JSONObject {
        let by = entry.accessor
        return [
            "at": .time(at), "secret_id": .string(entry.secret.text), "action": .string(entry.action.rawValue),
            "outcome": .string(entry.outcome), "count": .int(count), "actor": .string(by.actor),
            "entity_id": .string(by.entityID), "address": .string(by.address), "user_agent": .string(by.userAgent),
            "workflow_id": .optional(by.workflow), "node_id": .optional(by.node), "execution_id": .optional(by.execution),
        ]
    }
}
