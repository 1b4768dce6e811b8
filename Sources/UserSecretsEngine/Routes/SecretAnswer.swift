import EngineKit
import Syntax

/// A secret as answers show it: everything but its value.
struct SecretAnswer {
    let secret: UserSecret
    let usage: Usage
    let isDefault: Bool
    let owner: Owner
    let now: Timestamp

    var shown: JSONObject {
        [
            "id": .string(secret.id.text), "owner": .string(owner.text), "name": .string(secret.name),
            "provider": .string(secret.terms.provider), "secret_type": .string(secret.terms.type),
            "description": .optional(secret.description), "tags": .strings(secret.tags),
            "is_active": .bool(secret.terms.isActive), "visibility": .string(secret.terms.visibility.rawValue),
            "hint": .optional(secret.hint), "label": .optional(secret.label), "is_default": .bool(isDefault),
            "status": .string(secret.status(at: now).rawValue), "expires_at": .time(secret.terms.expiresAt),
            "created_at": .time(secret.createdAt), "updated_at": .time(secret.updatedAt),
            "created_by": .string(secret.createdBy),
            "version": .int(secret.version), "key_version": .int(secret.sealed.keyVersion),
            "last_used_at": .time(usage.lastUsedAt), "usage_count": .int(usage.count),
            "last_used_in_workflow": .optional(usage.workflow),
            "last_test": secret.lastTest.map { ["outcome": .string($0.outcome), "at": .time($0.at)] } ?? .null,
        ]
    }
}

extension JSON {
    /// Returns a time as answers show it, or `null` for nil.
    static func time(_ moment: Timestamp?) -> JSON { moment.map { .string($0.description) } ?? .null }
}
