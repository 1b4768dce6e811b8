package import EngineKit
import JOSE
package import Outbound
import Records
package import Syntax

/// The `jwt` and `oidc` method: machines log in with a signed token that they have, and people with a browser at an OpenID provider.
package struct JWTMethod: RoleNamingAuthMethod, PeriodicEngine {
    let configurations: RecordTable<JWTConfiguration>
    let roles: RecordTable<JWTRole>
    let logins: BrowserLogins
    let keyStore: JWTKeyStore
    let calls: ProviderCalls
    let troubles: TroubleLog
    let context: MountContext

    /// Creates the method for a mount.
    package init(_ context: MountContext, outbound: any Outbound) {
        configurations = RecordTable(storage: context.storage, prefix: "config/", parsedMax: 1)
        roles = RecordTable(storage: context.storage, prefix: "role/", parsedMax: 1_024)
        logins = BrowserLogins(context)
        troubles = TroubleLog(context.logger, time: context.time)
        calls = ProviderCalls(outbound: outbound, troubles: troubles)
        keyStore = JWTKeyStore(calls, time: context.time)
        self.context = context
    }

    /// The declared paths, in the order in which they are tried.
    package var paths: [EnginePath] { [login, configuration] + browserPaths + rolePaths }

    /// Removes logins that nobody completed in time. Called about once a second.
    package func runRound() async { await logins.sweep() }

    /// Returns the role of a login, for quotas that name a role.
    package func loginRole(_ relativePath: Substring, _ body: JSONObject) async throws -> String? {
        guard relativePath == "login" || relativePath == "oidc/auth_url" else { return nil }
        let name = body["role"]?.stringValue ?? ""
        let chosen = name.isEmpty ? try await configurations.find(Self.configurationName)?.value.defaultRole ?? "" : name
        return AccountName(chosen)?.text
    }
}

extension JWTMethod {
    /// Describes the method to the catalog, which has it under two names.
    ///
    /// - Parameters:
    ///   - type: `jwt` or `oidc`; a mount of either takes tokens and browsers.
    ///   - outbound: Calls to identity providers.
    package static func description(_ type: String = "jwt", outbound: any Outbound) -> EngineDescription {
        EngineDescription(type: type, summary: "Logs in with a signed token, or in a browser with an OpenID provider.") { context in
            JWTMethod(context, outbound: outbound)
        }
    }

    static let configurationName = "current"
    static let roleField = Field("role", .string, "Name of the role; the default role if there is none.")

    /// Returns the configuration and its version, or nil if none was written.
    func foundConfiguration() async throws -> RecordTable<JWTConfiguration>.Found? {
        try await configurations.find(Self.configurationName)
    }

    /// Returns the role that a login names, or the default role.
    ///
    /// - Throws: The texts of the Vault API if there is none.
    func role(named sent: String?, _ configuration: JWTConfiguration) async throws -> JWTRole {
        var name = sent ?? ""
        if name.isEmpty { name = configuration.defaultRole }
        guard !name.isEmpty else { throw CofferError.invalid("missing role") }
        guard let account = AccountName(name), let role = try await roles.find(account.text)?.value else {
            throw Self.unknownRole(name)
        }
        return role
    }

    static func unknownRole(_ name: String) -> CofferError {
        var error = CofferError.invalid("role \"\(name.prefixUTF8(AccountName.bytesMax))\" could not be found")
        // Anybody may send a name, and a slip may send something else in its place.
        error.auditText = "the role could not be found"
        return error
    }
}
