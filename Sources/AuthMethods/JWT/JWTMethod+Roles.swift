import EngineKit
import Records
import Syntax

extension JWTMethod {
    var rolePaths: [EnginePath] {
        let name = Field("name", .string, required: true, "Name of the role, in which case does not matter.")
        return NamedAccounts(
            records: NamedRecords(table: roles, folder: "role", name: name), context: context,
            shown: Self.shown, warnings: { Self.warnings($0) }
        )
        .paths(list: "The roles.", account: "One role of the method.", one: "a role", many: "roles")
    }

    /// The interval is shown only where the role sets one, as the Vault API does.
    private static func shown(_ role: JWTRole) -> JSONObject {
        var shown = role.shown
        if role.pollInterval == 0 { shown["poll_interval"] = nil }
        return shown
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
