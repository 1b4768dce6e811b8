import EngineKit
import Records
import Syntax

/// What operators write under a name, and callers log in with: a role of a method, or an entry.
protocol NamedAccount: Record, SettingsRecord {
    /// What the tokens of its logins are like.
    var tokens: TokenFields { get }

    /// Creates an account without settings.
    ///
    /// - Parameter uid: An id that differs from that of a later account of the same name.
    init(name: String, uid: String)
}

/// The paths of the accounts of a method: their list, and each by its name, in which case does not matter.
struct NamedAccounts<Account: NamedAccount>: Sendable {
    let table: RecordTable<Account>
    let randomness: any Randomness
    /// The mount's maximum TTL in seconds; 0 where the mount sets none.
    let maxTTL: Int
    /// Returns an account as answers show it.
    var shown: @Sendable (Account) -> JSONObject = { $0.shown }
    /// Returns warnings about an account, beside those about its tokens, or throws if it is refused.
    var warnings: @Sendable (_ account: Account, _ name: String) throws(CofferError) -> [String] = { _, _ in [] }

    /// Texts of the paths for help.
    struct Help: Sendable {
        /// What the list is, as a sentence.
        var list: String
        /// What one account is, as a sentence.
        var account: String
        /// What one account is called, with its article, such as `a role`.
        var one: String
        /// What several are called, such as `roles`.
        var many: String
        /// What the name is, as a sentence.
        var name: String
    }

    /// Returns the paths of a folder such as `role`.
    func paths(_ folder: String, _ help: Help) -> [EnginePath] {
        [
            EnginePath(
                PathPattern(folder), help.list, fields: Paging.fields,
                endpoints: [.list: .init("List \(help.many).") { try .keys(try await table.names(Paging($0.fields))) }]),
            EnginePath(
                PathPattern(folder + "/{name}"), help.account,
                fields: [Field("name", .string, required: true, help.name)] + Account.settings.fields,
                exists: { try await find($0) != nil },
                endpoints: [
                    .read: .init("Read \(help.one).") { request in
                        guard let account = try await find(request) else { throw CofferError.notFound }
                        return .data(shown(account))
                    },
                    .update: .init("Create or change \(help.one).", write),
                    .delete: .init("Delete \(help.one).") { request in
                        guard let name = AccountName(request.captures["name"]) else { return .empty }
                        try await table.edit(name.text) { account, _ in account = nil }
                        return .empty
                    },
                ]),
        ]
    }

    private func find(_ request: Request) async throws -> Account? {
        guard let name = AccountName(request.captures["name"]) else { return nil }
        return try await table.find(name.text)?.value
    }

    private func write(_ request: Request) async throws -> Response {
        guard let name = AccountName(request.captures["name"])?.text else { throw AccountName.malformed("name") }
        var found: [String] = []
        try await table.edit(name) { account, _ in
            var changed = account ?? Account(name: name, uid: Hex.encode(randomness.bytes(16)))
            try changed.update(request.fields)
            found = changed.tokens.warnings(mountMax: maxTTL) + (try warnings(changed, name))
            account = changed
        }
        return Response(.none, warnings: found)
    }
}

extension Setting where Owner: NamedAccount {
    /// What the tokens of logins are like, with the names that the Vault API had for it before.
    static func tokens(_ path: any WritableKeyPath<Owner, TokenFields> & Sendable) -> Self {
        .group(path, stored: "tokens", oldNames: ["policies", "ttl", "max_ttl", "period", "bound_cidrs"])
    }
}

extension TokenFields {
    /// Returns the grant of a login whose tokens are like this.
    ///
    /// - Parameter policies: The policies that the login gives, where they are not only those set here.
    func grant(
        displayName: String, metadata: [String: String], aliasName: String, policies: [String]? = nil
    ) -> AuthGrant {
        AuthGrant(
            displayName: displayName, policies: policies ?? self.policies, metadata: metadata, aliasName: aliasName, terms: terms,
            withoutDefaultPolicy: withoutDefaultPolicy)
    }
}
