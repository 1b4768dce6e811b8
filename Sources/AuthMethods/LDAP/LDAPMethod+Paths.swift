import Directories
import EngineKit
import Records
import Syntax

extension LDAPMethod {
    var configuration: EnginePath {
        EnginePath(
            "config", "The directory, and what the tokens of its users are like.", fields: LDAPConfiguration.settings.fields
        )
        .reading("Read the settings, without passwords and keys.") { _ in
            let settings = try await settings() ?? LDAPConfiguration()
            return Response(.data(.object(settings.shown)), warnings: settings.warnings)
        }
        .updating("Set or change the settings.") { request in
            let changed = try await configurations.update(
                Self.configurationName, request.fields,
                check: { changed, before in try check(changed, before ?? LDAPConfiguration(), sent: request.fields) })
            return Response(.none, warnings: changed.warnings + changed.tokens.warnings(mountMax: context.maxTTL))
        }
    }

    private func check(_ changed: LDAPConfiguration, _ before: LDAPConfiguration, sent: Fields) throws(CofferError) {
        // Whoever may change the settings may not read the password, nor have it sent somewhere else.
        guard before.bindPassword.isEmpty || sent.has("bindpass") || changed.sendsPassword(as: before) else {
            throw .invalid(
                "send 'bindpass' again with a change of 'url', 'starttls', 'insecure_tls' or 'certificate', because "
                    + "the stored one goes only where it went before")
        }
        guard changed.target?.servers.allSatisfy(directory.mayCall) != false else {
            throw .invalid("field 'url' has an address that may not be called")
        }
    }

    var userPaths: [EnginePath] {
        paths(
            of: users, folder: "users", name: Self.userField,
            summaries: ["The users that have policies or groups here.", "A user of the directory."])
    }

    var groupPaths: [EnginePath] {
        paths(
            of: groups, folder: "groups", name: Field("name", .string, required: true, "The name of the group."),
            summaries: ["The groups that have policies here.", "A group of the directory."])
    }

    static let userField = Field("username", .string, required: true, "The name of the user in the directory.")

    private func paths<Account: Record & SettingsRecord>(
        of accounts: RecordTable<Account>, folder: String, name: Field, summaries: [String]
    ) -> [EnginePath] {
        let named = NamedRecords(
            table: accounts, folder: folder, name: name,
            rule: "must have 1 to \(LDAPName.bytesMax) bytes and no control characters",
            key: { LDAPName($0, keepsCase: try await settings()?.keepsCase ?? false)?.text })
        return [
            named.list(summaries[0], "List the names."),
            named.record(summaries[1], fields: Account.settings.fields, tellsCreation: false)
                .reading("Read the policies.") { .data(try await named.existing($0).shown) }
                .updatingWithoutAnswer("Set or change the policies.") { try await named.write($0) }
                .deleting("Delete the entry.") { try await named.delete($0) },
        ]
    }
}
