import EngineKit
import Syntax

/// The stored form. It is JSON because entries are rarely read from disk, and people may have to read them in an emergency.
extension TokenEntry {
    func encoded() -> [UInt8] {
        var object: JSONObject = [
            "accessor": .string(accessor), "parent": .string(parentID), "policies": .strings(policies),
            "display_name": .string(displayName), "path": .string(path), "role": .string(role), "entity_id": .string(entityID),
            "type": .string(type.rawValue), "created": .int(createdAt.nanoseconds), "creation_ttl": .int(creationTTL),
            "explicit_max_ttl": .int(explicitMaxTTL), "max_ttl": .int(maxTTL), "period": .int(period),
            "renewable": .bool(isRenewable), "bound_cidrs": .strings(boundCIDRs), "uses_left": .int(usesLeft),
            "metadata": .map(metadata),
        ]
        if generation > 0 { object["generation"] = .int(generation) }
        if !mountID.isEmpty { object["mount"] = .string(mountID) }
        if !loginFacts.isEmpty { object["facts"] = .map(loginFacts) }
        if !capabilityKey.isEmpty { object["capability_key"] = .string(Hex.encode(capabilityKey)) }
        if let expiresAt { object["expires"] = .int(expiresAt.nanoseconds) }
        if let renewedAt { object["renewed"] = .int(renewedAt.nanoseconds) }
        return object.encoded()
    }

    /// Returns nil if a required member is missing, which no record written by this code is.
    init?(id: String, encoded bytes: [UInt8]) {
        guard let object = try? JSON(parsing: bytes).objectValue,
            let accessor = object["accessor"]?.stringValue, let policies = object["policies"]?.arrayValue,
            let displayName = object["display_name"]?.stringValue, let path = object["path"]?.stringValue,
            let created = object["created"]?.intValue, let usesLeft = object["uses_left"]?.intValue,
            let type = object["type"]?.stringValue.flatMap(TokenType.init(rawValue:)),
            let explicitMaxTTL = object["explicit_max_ttl"]?.intValue, let parentID = object["parent"]?.stringValue
        else { return nil }
        self.init(
            id: id, accessor: accessor, policies: policies.compactMap(\.stringValue), displayName: displayName, path: path,
            createdAt: Timestamp(nanoseconds: Int64(created)))
        self.parentID = parentID
        // The value is bounded, so that adding one to it cannot overflow.
        generation = min(max(0, object["generation"]?.intValue ?? 0), Self.generationsMax)
        self.type = type
        self.usesLeft = usesLeft
        self.explicitMaxTTL = explicitMaxTTL
        role = object["role"]?.stringValue ?? ""
        mountID = object["mount"]?.stringValue ?? ""
        for member in object["facts"]?.objectValue ?? .init() { loginFacts[member.key] = member.value.stringValue ?? "" }
        entityID = object["entity_id"]?.stringValue ?? ""
        creationTTL = object["creation_ttl"]?.intValue ?? 0
        maxTTL = object["max_ttl"]?.intValue ?? 0
        period = object["period"]?.intValue ?? 0
        isRenewable = object["renewable"]?.boolValue ?? false
        boundCIDRs = object["bound_cidrs"]?.arrayValue?.compactMap(\.stringValue) ?? []
        capabilityKey = object["capability_key"]?.stringValue.flatMap { Hex.decode($0, .anyCase) } ?? []
        expiresAt = object["expires"]?.intValue.map { Timestamp(nanoseconds: Int64($0)) }
        renewedAt = object["renewed"]?.intValue.map { Timestamp(nanoseconds: Int64($0)) }
        for member in object["metadata"]?.objectValue ?? .init() { metadata[member.key] = member.value.stringValue ?? "" }
    }
}
