import Syntax

extension Grant {
    /// The grant as it is stored, before it is sealed.
    func encoded() -> [UInt8] {
        var object: JSONObject = [
            "kind": .string(kind.rawValue), "access_token": .string(accessToken), "token_type": .string(tokenType),
            "state": .string(state.rawValue), "generation": .int(generation), "stored_at": .int(storedAt),
        ]
        if let refreshToken { object["refresh_token"] = .string(refreshToken) }
        if let expiresAt { object["expires_at"] = .int(expiresAt) }
        if let lifetime { object["lifetime"] = .int(lifetime) }
        if let scopes { object["scopes"] = .strings(scopes) }
        if !metadata.isEmpty { object["metadata"] = .map(metadata) }
        if !reason.isEmpty { object["reason"] = .string(reason) }
        if let refreshedAt { object["refreshed_at"] = .int(refreshedAt) }
        if !failures.isEmpty {
            object["failures"] = .array(failures.map { ["at": .int($0.at), "code": .string($0.code)] })
        }
        if failureCount > 0 { object["failure_count"] = .int(failureCount) }
        if let failingSince { object["failing_since"] = .int(failingSince) }
        if nextAttemptAt > 0 { object["next_attempt_at"] = .int(nextAttemptAt) }
        if isInDoubt { object["in_doubt"] = true }
        if hasRetriedInDoubt { object["retried_in_doubt"] = true }
        if let dueAt { object["due_at"] = .int(dueAt) }
        return object.encoded()
    }

    /// Reads a stored grant. Returns nil if it was not written by ``encoded()``.
    init?(decoding bytes: [UInt8]) {
        guard let object = (try? JSON(parsing: bytes))?.objectValue,
            let kind = object["kind"]?.stringValue.flatMap(Kind.init(rawValue:)),
            let accessToken = object["access_token"]?.stringValue,
            let state = object["state"]?.stringValue.flatMap(State.init(rawValue:)),
            let generation = object["generation"]?.countValue, let storedAt = object["stored_at"]?.intValue
        else { return nil }
        self.init(kind: kind, accessToken: accessToken, storedAt: storedAt)
        self.state = state
        self.generation = generation
        for member in object {
            switch member.key {
            case "token_type": tokenType = member.value.stringValue ?? tokenType
            case "refresh_token": refreshToken = member.value.stringValue
            case "expires_at": expiresAt = member.value.intValue
            case "lifetime": lifetime = member.value.intValue
            case "scopes": scopes = member.value.arrayValue?.compactMap(\.stringValue)
            case "metadata":
                for item in member.value.objectValue ?? .init() { metadata[item.key] = item.value.stringValue }
            case "reason": reason = member.value.stringValue ?? ""
            case "refreshed_at": refreshedAt = member.value.intValue
            case "failures":
                failures = (member.value.arrayValue ?? []).compactMap { entry in
                    guard let at = entry["at"]?.intValue, let code = entry["code"]?.stringValue else { return nil }
                    return Failure(at: at, code: code)
                }
            case "failure_count": failureCount = member.value.countValue ?? 0
            case "failing_since": failingSince = member.value.intValue
            case "next_attempt_at": nextAttemptAt = member.value.intValue ?? 0
            case "in_doubt": isInDoubt = member.value.boolValue ?? false
            case "retried_in_doubt": hasRetriedInDoubt = member.value.boolValue ?? false
            case "due_at": dueAt = member.value.intValue
            default: break
            }
        }
    }
}
