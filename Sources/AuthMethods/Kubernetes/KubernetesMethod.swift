package import EngineKit
import Logging
package import Outbound
import Records
package import Syntax

/// The `kubernetes` method, by which pods log in with the token of their service account. The cluster is asked about each token.
package struct KubernetesMethod: RoleNamingAuthMethod {
    let roles: RecordTable<KubernetesRole>
    let configurations: RecordTable<KubernetesConfiguration>
    let outbound: any Outbound
    let pod: PodFiles
    let context: MountContext
    let troubles: TroubleLog

    static let configurationName = "settings"

    /// Creates the method for a mount.
    ///
    /// - Parameters:
    ///   - outbound: What asks the cluster.
    ///   - podDirectory: Where the token and the authority of the server's own pod are, if it runs in one.
    package init(_ context: MountContext, outbound: any Outbound, podDirectory: String) {
        roles = RecordTable(storage: context.storage, prefix: "role/", parsedMax: 1_024)
        configurations = RecordTable(storage: context.storage, prefix: "config/", parsedMax: 1)
        self.outbound = outbound
        pod = PodFiles(directory: podDirectory, time: context.time)
        self.context = context
        troubles = TroubleLog(context.logger, time: context.time)
    }

    /// The declared paths, in the order in which they are tried.
    package var paths: [EnginePath] { [login, configuration] + rolePaths }

    /// Returns the role that a login names, for quotas that name one.
    package func loginRole(_ relativePath: Substring, _ body: JSONObject) async throws -> String? {
        guard relativePath == "login", let name = body["role"]?.stringValue else { return nil }
        return AccountName(name)?.text
    }
}

extension KubernetesMethod {
    /// Describes the method to the catalog.
    ///
    /// - Parameters:
    ///   - outbound: What asks the cluster.
    ///   - podDirectory: Where the token and the authority of the server's own pod are; by default where Kubernetes puts them.
    package static func description(outbound: any Outbound, podDirectory: String? = nil) -> EngineDescription {
        EngineDescription(type: "kubernetes", summary: "Logs pods in with the tokens of their service accounts.") { context in
            KubernetesMethod(context, outbound: outbound, podDirectory: podDirectory ?? PodFiles.usualDirectory)
        }
    }

    var configuration: EnginePath {
        EnginePath(
            "config", "The cluster, and how it is asked.", fields: KubernetesConfiguration.settings.fields
        )
        .reading("Read the configuration, without the reviewer's token.") { _ in
            let found = try await configurations.existing(Self.configurationName)
            var shown = found.shown
            shown["token_reviewer_jwt_set"] = .bool(!found.reviewer.isEmpty)
            return .data(shown)
        }
        .updatingWithoutAnswer("Replace the configuration.") { request in
            // As in Vault, what is not sent goes back to its default.
            var changed = KubernetesConfiguration()
            try changed.update(request.fields)
            guard try outbound.mayCall(Self.target(changed.host)) else {
                throw CofferError.invalid("field 'kubernetes_host' has an address that may not be called")
            }
            let made = changed
            try await configurations.edit(Self.configurationName) { stored, _ in stored = made }
        }
    }

    private static func target(_ host: String) throws(CofferError) -> OutboundTarget {
        do throws(OutboundTargetError) { return try OutboundTarget(configured: host) } catch {
            throw .invalid("field 'kubernetes_host': \(error.text)")
        }
    }

    var rolePaths: [EnginePath] {
        let name = Field("name", .string, required: true, "Name of the role, in which case does not matter.")
        return NamedAccounts(
            records: NamedRecords(table: roles, folder: "role", name: name), context: context,
            warnings: { role in
                guard role.audience.isEmpty else { return [] }
                return ["Role \(role.name) has no audience: tokens that are meant for the cluster's API can log in with it."]
            }
        )
        .paths(
            list: "The roles.", account: "A role: which service accounts may log in, and what with.", one: "a role", many: "roles")
    }
}
