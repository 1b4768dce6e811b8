import Directories
import EngineKit
import Records
import Syntax

extension LDAPMethod {
    var configuration: EnginePath {
        EnginePath(
            "config", "The directory, and what the tokens of its users are like.", fields: LDAPConfiguration.settings.fields,
            endpoints: [
                .read: .init("Read the settings, without passwords and keys.") { _ in
                    let settings = try await settings() ?? LDAPConfiguration()
                    return Response(.data(.object(settings.shown)), warnings: settings.warnings)
                },
                .update: .init("Set or change the settings.") { request in
                    var warnings: [String] = []
                    try await configurations.edit(Self.configurationName) { stored, _ in
                        let before = stored ?? LDAPConfiguration()
                        var changed = before
                        try changed.update(request.fields)
                        // Whoever may change the settings may not read the password, nor have it sent somewhere else.
                        guard before.bindPassword.isEmpty || request.fields.has("bindpass") || changed.sendsPassword(as: before)
                        else {
                            throw CofferError.invalid(
                                "send 'bindpass' again with a change of 'url', 'starttls', 'insecure_tls' or 'certificate', because "
                                    + "the stored one goes only where it went before")
                        }
                        guard changed.target?.servers.allSatisfy(directory.mayCall) != false else {
                            throw CofferError.invalid("field 'url' has an address that may not be called")
                        }
                        warnings = changed.warnings + changed.tokens.warnings(mountMax: maxTTL)
                        stored = changed
                    }
                    return Response(.none, warnings: warnings)
                },
            ])
    }

    var userPaths: [EnginePath] {
        Self.paths(
            of: users, folder: "users", capture: "username",
            ["The users that have policies or groups here.", "A user of the directory."],
            name: Self.userField, read: keptName)
    }

    var groupPaths: [EnginePath] {
        Self.paths(
            of: groups, folder: "groups", capture: "name", ["The groups that have policies here.", "A group of the directory."],
            name: Field("name", .string, required: true, "The name of the group."), read: keptName)
    }

    static let userField = Field("username", .string, required: true, "The name of the user in the directory.")

    /// Returns the name under which a user or a group is kept, or nil if it cannot be one.
    private func keptName(_ name: String) async throws(StorageError) -> String? {
        LDAPName(name, keepsCase: try await settings()?.keepsCase ?? false)?.text
    }

    private static func paths<Account: Record & SettingsRecord>(
        of accounts: RecordTable<Account>, folder: String, capture: String, _ summaries: [String], name: Field,
        read: @escaping @Sendable (String) async throws(StorageError) -> String?
    ) -> [EnginePath] {
        [
            EnginePath(
                PathPattern(folder), summaries[0], fields: Paging.fields,
                endpoints: [.list: .init("List the names.") { try .keys(try await accounts.names(Paging($0.fields))) }]),
            EnginePath(
                PathPattern("\(folder)/{\(capture)}"), summaries[1], fields: [name] + Account.settings.fields,
                endpoints: [
                    .read: .init("Read the policies.") { request in
                        guard let name = try await read(request.captures[capture]), let account = try await accounts.find(name)
                        else { throw CofferError.notFound }
                        return .data(account.value.shown)
                    },
                    .update: .init("Set or change the policies.") { request in
                        guard let name = try await read(request.captures[capture]) else {
                            throw CofferError.invalid(
                                "field '\(capture)' must have 1 to \(LDAPName.bytesMax) bytes and no control characters")
                        }
                        try await accounts.edit(name) { stored, _ in
                            var changed = stored ?? Account.settings.new
                            try changed.update(request.fields)
                            stored = changed
                        }
                        return .empty
                    },
                    .delete: .init("Delete the entry.") { request in
                        guard let name = try await read(request.captures[capture]) else { return .empty }
                        try await accounts.edit(name) { account, _ in account = nil }
                        return .empty
                    },
                ]),
        ]
    }
}
