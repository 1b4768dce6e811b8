import EngineKit
import Records
import Syntax

extension JWTMethod {
    var rolePaths: [EnginePath] {
        [
            EnginePath(
                "role", "The roles.", fields: Paging.fields,
                endpoints: [.list: .init("List roles.") { try .keys(try await roles.names(Paging($0.fields))) }]),
            EnginePath(
                "role/{name}", "One role of the method.", fields: [Self.nameField] + JWTRole.settings.fields,
                exists: { try await storedRole($0) != nil },
                endpoints: [
                    .read: .init("Read a role.") { request in
                        guard let role = try await storedRole(request) else { throw CofferError.notFound }
                        return .data(Self.shown(role))
                    },
                    .update: .init("Create or change a role.", writeRole),
                    .delete: .init("Delete a role.") { request in
                        guard let name = AccountName(request.captures["name"]) else { return .empty }
                        try await roles.edit(name.text) { role, _ in role = nil }
                        return .empty
                    },
                ]),
        ]
    }

    private static let nameField = Field("name", .string, required: true, "Name of the role, in which case does not matter.")

    private func storedRole(_ request: Request) async throws -> JWTRole? {
        guard let name = AccountName(request.captures["name"]) else { return nil }
        return try await roles.find(name.text)?.value
    }

    /// The interval is shown only where the role sets one, as the Vault API does.
    private static func shown(_ role: JWTRole) -> JSONObject {
        var shown = role.shown
        if role.pollInterval == 0 { shown["poll_interval"] = nil }
        return shown
    }

    private func writeRole(_ request: Request) async throws -> Response {
        guard let name = AccountName(request.captures["name"]) else {
            throw AccountName.malformed("name")
        }
        var warnings: [String] = []
        try await roles.edit(name.text) { role, _ in
            var changed = role ?? JWTRole(name: name.text, uid: Hex.encode(randomness.bytes(16)))
            try changed.update(request.fields)
            warnings = changed.tokens.warnings(mountMax: maxTTL) + Self.warnings(changed)
            role = changed
        }
        return Response(.none, warnings: warnings)
    }

    private static func warnings(_ role: JWTRole) -> [String] {
        var warnings: [String] = []
        if role.isVerbose { warnings.append("verbose_oidc_logging has no effect: tokens and claims are never logged") }
        if role.kind == .oidc, !role.isBound {
            warnings.append("the role has no bounds: it admits every account that the provider lets sign in")
        }
        return warnings
    }
}
