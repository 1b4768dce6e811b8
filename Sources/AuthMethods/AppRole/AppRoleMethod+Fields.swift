import EngineKit
import Records
import Syntax

extension AppRoleMethod {
    /// The settings of a role that have paths of their own.
    var fieldPaths: [EnginePath] {
        let settings = AppRole.settings
        let paths: [(name: String, setting: SingleSetting<AppRole>?)] = [
            ("policies", settings.single("token_policies", "policies")), ("period", settings.single("token_period", "period")),
            ("token-ttl", settings.single("token_ttl")), ("token-max-ttl", settings.single("token_max_ttl")),
            ("token-num-uses", settings.single("token_num_uses")), ("token-bound-cidrs", settings.single("token_bound_cidrs")),
            ("bind-secret-id", settings.single("bind_secret_id")),
            ("secret-id-bound-cidrs", settings.single("secret_id_bound_cidrs")),
            ("bound-cidr-list", settings.single("bound_cidr_list")),
            ("secret-id-num-uses", settings.single("secret_id_num_uses")), ("secret-id-ttl", settings.single("secret_id_ttl")),
        ]
        let local = named.part("local-secret-ids", "Whether secret ids stay on this cluster.")
            .reading("Read whether secret ids stay on this cluster.") { request in
                .data(["local_secret_ids": .bool(try await named.existing(request).hasLocalSecretIDs)])
            }
        return [local] + paths.compactMap { name, setting in setting.map { path(name, $0) } }
    }

    private func path(_ name: String, _ setting: SingleSetting<AppRole>) -> EnginePath {
        named.part(name, "The field \(setting.name) of a role.", fields: setting.fields)
            .reading("Read the field.") { .data(setting.shown(try await named.existing($0))) }
            .updating("Set the field.") { request in
                guard setting.isSent(in: request.fields) else { throw CofferError.invalid("missing \(setting.name)") }
                return try await change(request) { role throws(CofferError) in try role.update(request.fields) }
            }
            .adding(
                .delete,
                .init("Set the field back to its default.") { request in
                    guard try await named.find(request) != nil else { return .empty }
                    return try await change(request) { role throws(CofferError) in try setting.reset(&role) }
                })
    }

    private func change(_ request: Request, _ body: (inout AppRole) throws(CofferError) -> Void) async throws -> Response {
        let name = try await named.name(of: request)
        var warnings: [String] = []
        try await roles.edit(name) { role, _ in
            guard var changed = role else { throw Self.unknownRole(name) }
            try body(&changed)
            warnings = changed.tokens.warnings(mountMax: context.maxTTL)
            role = changed
        }
        return Response(.none, warnings: warnings)
    }
}
