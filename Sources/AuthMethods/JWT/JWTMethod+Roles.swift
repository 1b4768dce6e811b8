import EngineKit
import Records
import Syntax

extension JWTMethod {
    var rolePaths: [EnginePath] {
        NamedAccounts(
            table: roles, randomness: randomness, maxTTL: maxTTL, shown: Self.shown, warnings: { role, _ in Self.warnings(role) }
        )
        .paths(
            "role",
            .init(
                list: "The roles.", account: "One role of the method.", one: "a role", many: "roles",
                name: "Name of the role, in which case does not matter."))
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
