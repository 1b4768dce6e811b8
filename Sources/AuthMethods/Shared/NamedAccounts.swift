import EngineKit
import Records
import Syntax

/// What operators write under a name, and callers log in with: a role of a method, or an entry.
protocol NamedAccount: Record, SettingsRecord {
    var name: String { get }
    /// What the tokens of its logins are like.
    var tokens: TokenFields { get }

    /// Creates an account without settings.
    ///
    /// - Parameter uid: An id that differs from that of a later account of the same name.
    init(name: String, uid: String)
}

/// The accounts of a method, which operators read, write and delete.
struct NamedAccounts<Account: NamedAccount>: Sendable {
    let records: NamedRecords<Account>
    let context: MountContext
    /// Returns an account as answers show it.
    var shown: @Sendable (Account) -> JSONObject = { $0.shown }
    /// Returns warnings about an account, beside those about its tokens, or throws if it is refused.
    var warnings: @Sendable (_ account: Account) throws(CofferError) -> [String] = { _ in [] }

    /// Returns the paths of the accounts.
    ///
    /// - Parameters:
    ///   - list: What the list is, as a sentence.
    ///   - account: What one account is, as a sentence.
    ///   - one: What one account is called, with its article, such as `a role`.
    ///   - many: What several are called, such as `roles`.
    func paths(list: String, account: String, one: String, many: String) -> [EnginePath] {
        [
            records.list(list, "List \(many)."),
            records.record(account, fields: Account.settings.fields)
                .reading("Read \(one).") { .data(shown(try await records.existing($0))) }
                .updating("Create or change \(one).") { try await write($0) }
                .deleting("Delete \(one).") { try await records.delete($0) },
        ]
    }

    private func write(_ request: Request) async throws -> Response {
        let name = try await records.name(of: request)
        var found: [String] = []
        let account = try await records.table.update(
            name, request.fields, new: { Account(name: name, uid: Hex.encode(context.randomness.bytes(16))) }
        ) { changed, _ in found = try warnings(changed) }
        return Response(.none, warnings: account.tokens.warnings(mountMax: context.maxTTL) + found)
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
