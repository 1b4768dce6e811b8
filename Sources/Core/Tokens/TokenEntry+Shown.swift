import EngineKit
import Identity
import Lifetimes
import Syntax

extension TokenEntry {
    /// Returns the `data` of a lookup.
    func shown(token: String, entity: ResolvedEntity?, at now: Timestamp) -> JSONObject {
        var object: JSONObject = [
            "accessor": .string(accessor), "creation_time": .int(createdAt.seconds), "creation_ttl": .int(creationTTL),
            "display_name": .string(displayName), "entity_id": .string(entityID),
            "expire_time": expiresAt.map { .string($0.description) } ?? .null, "explicit_max_ttl": .int(explicitMaxTTL),
            "id": .string(token),
        ]
        // Tokens that never expire have no issue time in the Vault API.
        if expiresAt != nil { object["issue_time"] = .string(createdAt.description) }
        if let renewedAt {
            object["last_renewal"] = .string(renewedAt.description)
            object["last_renewal_time"] = .int(renewedAt.seconds)
        }
        object["meta"] = .mapOrNull(metadata)
        object["num_uses"] = .int(max(0, usesLeft))
        object["orphan"] = .bool(isOrphan)
        object["path"] = .string(path)
        if period > 0 { object["period"] = .int(period) }
        object["policies"] = .strings(policies)
        if expiresAt != nil { object["renewable"] = .bool(isRenewable) }
        if !role.isEmpty { object["role"] = .string(role) }
        if !entityID.isEmpty {
            object["identity_policies"] = .strings(entity?.policies ?? [])
            object["external_namespace_policies"] = .object([:])
        }
        if !boundCIDRs.isEmpty { object["bound_cidrs"] = .strings(boundCIDRs) }
        object["ttl"] = .int(secondsLeft(at: now))
        object["type"] = .string(type.rawValue)
        return object
    }

    /// Returns the token as the `auth` of an answer.
    func issued(token: String, seconds: Int, entity: ResolvedEntity?) -> IssuedAuth {
        let identityPolicies = entity?.policies ?? []
        return IssuedAuth(
            clientToken: token, accessor: accessor, policies: policies.united(with: identityPolicies), tokenPolicies: policies,
            identityPolicies: identityPolicies, metadata: metadata, leaseSeconds: seconds, isRenewable: isRenewable,
            entityID: entityID, type: type, isOrphan: isOrphan,
            uses: max(0, usesLeft))
    }
}
