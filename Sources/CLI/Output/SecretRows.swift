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
        if let lacking = SecondFactor.Requirement(secret) {
            rows += self.rows(of: lacking)
        } else if let auth = secret.auth {
            rows += self.rows(of: auth)
        }
        if let wrap = secret.wrapInfo { rows += self.rows(of: wrap) }
        if let data = secret.data { rows += self.rows(of: data) }
        return rows
    }

    /// Returns a row for each member of an object, sorted by key.
    static func rows(of object: JSONObject) -> [[String]] {
        object.members.sorted { $0.key < $1.key }.map { [$0.key, ValueText.cell($0.value, named: $0.key)] }
    }

    /// The values of a token, by the names that `-field` takes.
    private static func fields(of auth: Secret.Auth) -> [(name: String, value: JSON)] {
        [
            ("token", .string(auth.clientToken)), ("token_accessor", .string(auth.accessor)),
            ("token_duration", .int(auth.leaseDuration)), ("token_renewable", .bool(auth.renewable)),
            ("token_policies", .strings(auth.tokenPolicies)), ("identity_policies", .strings(auth.identityPolicies)),
            ("policies", .strings(auth.policies)),
        ]
    }

    /// The rows of a login that got no token yet: what it has to be completed with at `sys/mfa/validate`.
    private static func rows(of lacking: SecondFactor.Requirement) -> [[String]] {
        let constraints = zip(lacking.names, lacking.constraints).map { name, methods in
            [
                "mfa_constraint_\(name)",
                methods.map { $0.label == $0.id ? $0.id : "\($0.label) (\($0.id))" }.joined(separator: " or "),
            ]
        }
        return [["mfa_request_id", lacking.requestID]] + constraints
    }

    private static func rows(of auth: Secret.Auth) -> [[String]] {
        let rows = fields(of: auth).map { name, value in
            [name, name == "token_duration" && auth.leaseDuration == 0 ? "∞" : ValueText.cell(value, named: name)]
        }
        return rows + auth.metadata.sorted { $0.key < $1.key }.map { ["token_meta_\($0.key)", $0.value] }
    }

    /// The values of a wrapping token, by the names that `-field` takes.
    private static func fields(of wrap: Secret.WrapInfo) -> [(name: String, value: JSON)] {
        let fields: [(name: String, value: JSON)] = [
            ("wrapping_token", .string(wrap.token)), ("wrapping_accessor", .string(wrap.accessor)),
            ("wrapping_token_ttl", .int(wrap.ttl)), ("wrapping_token_creation_time", .string(wrap.creationTime)),
            ("wrapping_token_creation_path", .string(wrap.creationPath)),
        ]
        return fields + (wrap.wrappedAccessor.map { [("wrapped_accessor", .string($0))] } ?? [])
    }

    private static func rows(of wrap: Secret.WrapInfo) -> [[String]] {
        fields(of: wrap).map { ["\($0.name):", ValueText.cell($0.value, named: $0.name)] }
    }

    /// Returns the value that `-field` names: one of the token, the wrapping token, the data or the lease, or nil if there is none.
    static func field(_ name: String, of secret: Secret) -> JSON? {
        if let lacking = SecondFactor.Requirement(secret) { return name == "mfa_request_id" ? .string(lacking.requestID) : nil }
        let tokens = (secret.auth.map(fields) ?? []) + (secret.wrapInfo.map(fields) ?? [])
        if let field = tokens.first(where: { $0.name == name }) { return field.value }
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
