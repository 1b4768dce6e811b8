import EngineKit
import Records
import Syntax

extension AppRoleMethod {
    /// One field of a role at a path of its own.
    private struct FieldPath {
        var name: String
        var fields: [Field]
        var read: @Sendable (AppRole) -> [JSONObject.Member]
        /// Back to what a new role has.
        var reset: @Sendable (inout AppRole) -> Void
    }

    var fieldPaths: [EnginePath] {
        let local = EnginePath(
            "role/{role_name}/local-secret-ids", "Whether secret ids stay on this cluster.", fields: [Self.roleField],
            endpoints: [
                .read: .init("Read whether secret ids stay on this cluster.") { request in
                    try await show(request) { [.init(key: "local_secret_ids", value: .bool($0.hasLocalSecretIDs))] }
                }
            ])
        return [local] + (tokenFieldPaths + secretIDFieldPaths).map(path)
    }

    private var tokenFieldPaths: [FieldPath] {
        [
            FieldPath(name: "policies", fields: TokenFields.field("token_policies") + TokenFields.declared([.policies])) { role in
                [.init(key: "token_policies", value: .strings(role.tokens.policies))] + role.tokens.shown(.policies)
            } reset: {
                $0.tokens.policies = []
                $0.tokens.legacy.remove(.policies)
            },
            FieldPath(name: "period", fields: TokenFields.field("token_period") + TokenFields.declared([.period])) { role in
                [.init(key: "token_period", value: .int(role.tokens.period))] + role.tokens.shown(.period)
            } reset: {
                $0.tokens.period = 0
                $0.tokens.legacy.remove(.period)
            },
            FieldPath(name: "token-ttl", fields: TokenFields.field("token_ttl")) {
                [.init(key: "token_ttl", value: .int($0.tokens.ttl))]
            } reset: {
                $0.tokens.ttl = 0
            },
            FieldPath(name: "token-max-ttl", fields: TokenFields.field("token_max_ttl")) {
                [.init(key: "token_max_ttl", value: .int($0.tokens.maxTTL))]
            } reset: {
                $0.tokens.maxTTL = 0
            },
            FieldPath(name: "token-num-uses", fields: TokenFields.field("token_num_uses")) {
                [.init(key: "token_num_uses", value: .int($0.tokens.uses))]
            } reset: {
                $0.tokens.uses = 0
            },
            FieldPath(name: "token-bound-cidrs", fields: TokenFields.field("token_bound_cidrs")) {
                [.init(key: "token_bound_cidrs", value: .strings($0.tokens.bounds.texts))]
            } reset: {
                $0.tokens.bounds = AddressBounds()
            },
        ]
    }

    private var secretIDFieldPaths: [FieldPath] {
        [
            FieldPath(name: "bind-secret-id", fields: Self.ownField("bind_secret_id")) {
                [.init(key: "bind_secret_id", value: .bool($0.bindsSecretID))]
            } reset: {
                $0.bindsSecretID = true
            },
            FieldPath(name: "secret-id-bound-cidrs", fields: Self.ownField("secret_id_bound_cidrs")) {
                [.init(key: "secret_id_bound_cidrs", value: $0.shownSecretIDBounds)]
            } reset: {
                $0.secretIDBounds = AddressBounds()
            },
            FieldPath(name: "bound-cidr-list", fields: Self.ownField("bound_cidr_list")) {
                [.init(key: "bound_cidr_list", value: $0.shownSecretIDBounds)]
            } reset: {
                $0.secretIDBounds = AddressBounds()
            },
            FieldPath(name: "secret-id-num-uses", fields: Self.ownField("secret_id_num_uses")) {
                [.init(key: "secret_id_num_uses", value: .int($0.secretIDUses))]
            } reset: {
                $0.secretIDUses = 0
            },
            FieldPath(name: "secret-id-ttl", fields: Self.ownField("secret_id_ttl")) {
                [.init(key: "secret_id_ttl", value: .int($0.secretIDTTL))]
            } reset: {
                $0.secretIDTTL = 0
            },
        ]
    }

    private static func ownField(_ name: String) -> [Field] { AppRole.ownFields.filter { $0.name == name } }

    private func path(_ field: FieldPath) -> EnginePath {
        EnginePath(
            PathPattern("role/{role_name}/\(field.name)"), "The field \(field.fields[0].name) of a role.",
            fields: [Self.roleField] + field.fields,
            endpoints: [
                .read: .init("Read the field.") { try await show($0, field.read) },
                .update: .init("Set the field.") { request in
                    guard field.fields.contains(where: { request.fields.has($0.name) }) else {
                        throw CofferError.invalid("missing \(field.fields[0].name)")
                    }
                    return try await change(request) { role throws(CofferError) in try role.update(request.fields) }
                },
                .delete: .init("Set the field back to its default.") { request in
                    guard try await role(request) != nil else { return .empty }
                    return try await change(request) { role throws(CofferError) in
                        field.reset(&role)
                        try role.checkConstraints()
                    }
                },
            ])
    }

    private func show(_ request: Request, _ members: (AppRole) -> [JSONObject.Member]) async throws -> Response {
        guard let role = try await role(request) else { throw CofferError.notFound }
        return .data(JSONObject(members(role)))
    }

    private func change(_ request: Request, _ body: (inout AppRole) throws(CofferError) -> Void) async throws -> Response {
        let name = try roleName(request)
        var warnings: [String] = []
        try await roles.edit(name) { role, _ in
            guard var changed = role else { throw Self.unknownRole(name) }
            try body(&changed)
            warnings = changed.tokens.warnings(mountMax: maxTTL)
            role = changed
        }
        return Response(.none, warnings: warnings)
    }
}
