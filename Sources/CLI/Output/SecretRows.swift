internal import CofferClient
internal import Syntax

/// The rows of an answer's table.
enum SecretRows {
    /// Returns a row for each value of an answer: its lease, token, wrapping token and data.
    static func rows(of secret: Secret) -> [[String]] {
        var rows: [[String]] = []
        if secret.leaseDuration > 0 {
            if secret.leaseID.isEmpty {
                rows.append(["refresh_interval", ValueText.duration(secret.leaseDuration)])
            } else {
                rows.append(["lease_id", secret.leaseID])
                rows.append(["lease_duration", ValueText.duration(secret.leaseDuration)])
                rows.append(["lease_renewable", String(secret.renewable)])
            }
        }
        if let auth = secret.auth { rows += self.rows(of: auth) }
        if let wrap = secret.wrapInfo { rows += self.rows(of: wrap) }
        if let data = secret.data { rows += self.rows(of: data) }
        return rows
    }

    /// Returns a row for each member of an object, sorted by key.
    static func rows(of object: JSONObject) -> [[String]] {
        object.members.sorted { $0.key < $1.key }.map { [$0.key, ValueText.cell($0.value, named: $0.key)] }
    }

    private static func rows(of auth: Secret.Auth) -> [[String]] {
        let duration = auth.leaseDuration == 0 ? "∞" : ValueText.duration(auth.leaseDuration)
        var rows = [
            ["token", auth.clientToken],
            ["token_accessor", auth.accessor],
            ["token_duration", duration],
            ["token_renewable", String(auth.renewable)],
            ["token_policies", ValueText.quotedList(auth.tokenPolicies)],
            ["identity_policies", ValueText.quotedList(auth.identityPolicies)],
            ["policies", ValueText.quotedList(auth.policies)],
        ]
        for (name, value) in auth.metadata.sorted(by: { $0.key < $1.key }) { rows.append(["token_meta_\(name)", value]) }
        return rows
    }

    private static func rows(of wrap: Secret.WrapInfo) -> [[String]] {
        var rows = [
            ["wrapping_token:", wrap.token],
            ["wrapping_accessor:", wrap.accessor],
            ["wrapping_token_ttl:", ValueText.duration(wrap.ttl)],
            ["wrapping_token_creation_time:", wrap.creationTime],
            ["wrapping_token_creation_path:", wrap.creationPath],
        ]
        if let accessor = wrap.wrappedAccessor { rows.append(["wrapped_accessor:", accessor]) }
        return rows
    }

    /// Returns the value that `-field` names: one of the token, the wrapping token, the data or the lease, or nil if there is none.
    static func field(_ name: String, of secret: Secret) -> JSON? {
        if let auth = secret.auth {
            switch name {
            case "token": return .string(auth.clientToken)
            case "token_accessor": return .string(auth.accessor)
            case "token_duration": return .int(auth.leaseDuration)
            case "token_renewable": return .bool(auth.renewable)
            case "token_policies": return .strings(auth.tokenPolicies)
            case "identity_policies": return .strings(auth.identityPolicies)
            case "policies": return .strings(auth.policies)
            default: break
            }
        }
        if let wrap = secret.wrapInfo {
            switch name {
            case "wrapping_token": return .string(wrap.token)
            case "wrapping_accessor": return .string(wrap.accessor)
            case "wrapping_token_ttl": return .int(wrap.ttl)
            case "wrapping_token_creation_time": return .string(wrap.creationTime)
            case "wrapping_token_creation_path": return .string(wrap.creationPath)
            case "wrapped_accessor": return wrap.wrappedAccessor.map { .string($0) }
            default: break
            }
        }
        if let value = secret.data?[name] { return value }
        switch name {
        case "data": return secret.data.map { .object($0) }
        case "lease_id": return .string(secret.leaseID)
        case "lease_duration", "refresh_interval": return .int(secret.leaseDuration)
        case "lease_renewable": return .bool(secret.renewable)
        default: return nil
        }
    }
}
