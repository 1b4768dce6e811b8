import Foundation
import Outbound
import SecretMemory
package import ServiceAPI
package import ServiceRules
import Syntax

/// The services of the Service API, as described by variables and the file that
/// `SERVICE_POLICIES_FILE` names.
package struct ServicesConfiguration: Sendable {
    /// The settings of the dialect.
    package var settings = ServiceSettings()
    /// The services that may call, with their credentials.
    package var accounts: [ServiceAccount] = []
    /// The server that keeps the secrets, or nil if this one does.
    package var remote: RemoteVaultSettings?

    /// Names the YAML file of roles and services.
    private static let policyVariable = "SERVICE_POLICIES_FILE"
    private static let secretsVariable = "SERVICE_PROJECT_SECRETS"
    private static let originsVariable = "SERVICE_CORS_ORIGINS"
    private static let itemsMax = 20
    private static let tokenBytesMin = 8
    private static let tokenBytesAdvised = 32

    /// Returns nil if no service is configured, so that there is no Service API.
    init?(_ environment: ServerEnvironment, notices: inout [ConfigurationNotice]) throws(ConfigurationError) {
        let file = environment[Self.policyVariable]
        guard environment["ALLOWED_SERVICES"] != nil || file != nil else { return nil }
        let catalog = try Self.catalog(environment, file)
        for remark in catalog.remarks { notices.append(ConfigurationNotice("\(Self.policyVariable): \(remark)")) }
        remote = try RemoteVaultSettings.chosen(environment)
        // A mount for remote secrets only: local ones at services/ stay as they are.
        if let remote {
            settings.mount = "services-remote/"
            if remote.isInTheClear {
                notices.append(
                    ConfigurationNotice("SERVICE_VAULT_ADDR is not https: secrets and the token for them travel in the clear"))
            }
        }
        if let name = environment["SERVICE_NAME"] { settings.name = try Self.checkedName(name) }
        settings.projectSecrets = try Self.projectSecrets(environment[Self.secretsVariable] ?? "")
        settings.corsOrigins = try Self.origins(environment[Self.originsVariable] ?? "", named: Self.originsVariable)
        for definition in catalog.services {
            guard let account = try Self.account(definition, environment, notices: &notices) else { continue }
            accounts.append(account)
        }
        let known = Set(catalog.services.map(\.name))
        for name in environment.names(startingWith: ["TOKEN_", "ALLOW_", "CERT_"]) where !known.contains(name.service) {
            notices.append(
                ConfigurationNotice("\(name.variable) has no effect: no service of this name is in ALLOWED_SERVICES"))
        }
    }

    /// Returns the services and their rules, for the command that explains them.
    package static func catalog(_ options: ServerOptions) throws(ConfigurationError) -> ServiceCatalog {
        let environment = try ServerConfiguration.environment(options)
        return try catalog(environment, environment[policyVariable])
    }

    private static func catalog(_ environment: ServerEnvironment, _ file: String?) throws(ConfigurationError) -> ServiceCatalog {
        do throws(ServiceCatalogError) {
            return try ServiceCatalog(variable: { environment[$0] }, policies: try file.map(policies))
        } catch {
            throw ConfigurationError(
                error.variable.map { "\($0): \(error.message)" } ?? error.message, file: error.variable == nil ? file : nil,
                at: error.line.map { .init(line: $0, column: 1) })
        }
    }

    private static func policies(_ file: String) throws(ServiceCatalogError) -> ServicePolicyFile {
        guard let data = FileManager.default.contents(atPath: file), data.count <= ServicePolicyFile.bytesMax,
            let text = String(data: data, encoding: .utf8)
        else { throw ServiceCatalogError.unreadable(policyVariable) }
        return try ServicePolicyFile(parsing: text)
    }

    private static func account(
        _ definition: ServiceDefinition, _ environment: ServerEnvironment, notices: inout [ConfigurationNotice]
    ) throws(ConfigurationError) -> ServiceAccount? {
        let variable = "TOKEN_" + definition.name
        let token = try environment.secret(variable)
        let certificate = environment["CERT_" + definition.name]
        guard definition.isEnabled else { return nil }
        if token == nil, certificate == nil {
            // Only this service is refused, so the server starts.
            notices.append(
                ConfigurationNotice(
                    "\(variable) is missing: the service is refused until it has a token, or a certificate named by CERT_\(definition.name)"
                ))
        }
        if let token {
            guard token.utf8.count >= tokenBytesMin, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw ConfigurationError(
                    "\(variable) must be at least \(tokenBytesMin) characters of printable ASCII without spaces; make one with `openssl rand -hex 32`"
                )
            }
            if token.utf8.count < tokenBytesAdvised {
                notices.append(
                    ConfigurationNotice(
                        "\(variable) is shorter than \(tokenBytesAdvised) characters; make one with `openssl rand -hex 32`"))
            }
        }
        return ServiceAccount(
            definition: definition, token: token.map { .init(Array($0.utf8)) }, certificateName: certificate)
    }

    /// Parses `NAME=fernet|hex|base64|uuid,…`, the secrets that every new project gets.
    private static func projectSecrets(_ text: String) throws(ConfigurationError) -> [ProjectSecret] {
        var secrets: [ProjectSecret] = []
        for item in list(text) {
            guard let (name, kind) = item.cutUTF8(at: "="),
                let secret = ProjectSecret(name: String(name.trimmingASCIISpace()), kind: String(kind.trimmingASCIISpace()))
            else {
                throw ConfigurationError(
                    "\(secretsVariable) must be a list such as API_KEY=hex,ID=uuid with the kinds fernet, hex, base64 and uuid; a name has letters, digits, '_', '-' and '.'"
                )
            }
            guard secrets.count < itemsMax, !secrets.contains(where: { $0.name == secret.name }) else {
                throw ConfigurationError("\(secretsVariable) has a name twice, or more than \(itemsMax) names")
            }
            secrets.append(secret)
        }
        return secrets
    }

    /// Parses a list of origins. Patterns are refused, because one can match a host that somebody
    /// else registers.
    static func origins(_ text: String, named variable: String) throws(ConfigurationError) -> Set<String> {
        var origins: Set<String> = []
        for item in list(text) {
            guard origins.count < itemsMax, let url = OutboundURL(item), item.utf8.allSatisfy({ $0 < 0x80 }),
                item == "\(url.scheme.rawValue)://\(item.dropFirstUTF8(url.scheme.rawValue.utf8.count + 3))",
                !item.dropFirstUTF8(url.scheme.rawValue.utf8.count + 3).containsUTF8("/"), item == item.lowercased()
            else {
                throw ConfigurationError(
                    "\(variable) must be origins such as https://ui.example, in lower case, without a path and without '*', separated by commas"
                )
            }
            origins.insert(item)
        }
        return origins
    }

    private static func list(_ text: String) -> [String] {
        text.splitUTF8(at: ",").map { String($0.trimmingASCIISpace()) }.filter { !$0.isEmpty }
    }

    private static func checkedName(_ name: String) throws(ConfigurationError) -> String {
        guard name.utf8.count <= 64, name.utf8.allSatisfy({ (0x20..<0x7F).contains($0) && $0 != 0x22 && $0 != 0x5C }) else {
            throw ConfigurationError("SERVICE_NAME must be at most 64 characters of printable ASCII without quotes")
        }
        return name
    }
}
