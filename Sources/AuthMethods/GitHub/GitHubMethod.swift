package import EngineKit
import Logging
package import Outbound
import Records
import Syntax

/// The `github` method, by which members of an organization of GitHub log in with a personal access token.
package struct GitHubMethod: AuthMethod {
    let configurations: RecordTable<GitHubConfiguration>
    let teams: RecordTable<GitHubMapping>
    let users: RecordTable<GitHubMapping>
    let outbound: any Outbound
    let context: MountContext
    let troubles: TroubleLog

    static let configurationName = "config"

    /// Creates the method for a mount.
    package init(_ context: MountContext, outbound: any Outbound) {
        configurations = RecordTable(storage: context.storage, prefix: "", parsedMax: 1)
        teams = RecordTable(storage: context.storage, prefix: "team/", parsedMax: 1_024)
        users = RecordTable(storage: context.storage, prefix: "user/", parsedMax: 1_024)
        self.outbound = outbound
        self.context = context
        troubles = TroubleLog(context.logger, time: context.time)
    }

    /// Describes the method to the catalog.
    package static func description(outbound: any Outbound) -> EngineDescription {
        EngineDescription(
            type: "github", summary: "Logs members of a GitHub organization in with a personal access token.", foldsAliasCase: true
        ) { context in
            GitHubMethod(context, outbound: outbound)
        }
    }

    /// The declared paths, in the order in which they are tried.
    package var paths: [EnginePath] {
        [login, configuration] + Self.paths(of: teams, "teams", "A team of the organization.")
            + Self.paths(of: users, "users", "A user of GitHub.")
    }

    /// Returns the settings of the mount, or nil before any were written.
    func settings() async throws(StorageError) -> GitHubConfiguration? {
        try await configurations.find(Self.configurationName)?.value
    }
}
