package import EngineKit
package import Identity
import JOSE
package import Logging
import Records
import Syntax

/// Signed tokens that say who an entity is (`identity/oidc/`), and the OpenID provider that other programs let people log in with.
///
/// The records are in a part of the storage of their own. Whatever changes which of them refer to which takes turns, also among
/// nodes: ``change(_:)``.
package struct IdentityTokens: Sendable {
    /// What the rest of the server tells of a request.
    package struct Surroundings: Sendable {
        /// The address that clients reach this node at; empty if it is not configured.
        package var address: String
        /// Whether other nodes with other addresses may serve the same store.
        package var isShared: Bool
        /// Returns when the caller of a request logged in, or nil if it is not known.
        package var loggedInAt: @Sendable (Request) async throws -> Timestamp?

        /// Creates the description of the server.
        package init(
            address: String, isShared: Bool = false,
            loggedInAt: @escaping @Sendable (Request) async throws -> Timestamp? = { _ in nil }
        ) {
            self.address = address
            self.isShared = isShared
            self.loggedInAt = loggedInAt
        }
    }

    let storage: any Storage
    let identity: IdentityStore
    let surroundings: Surroundings
    let configurations: RecordTable<IssuerConfiguration>
    let keys: NamedKeys
    let roles: RecordTable<TokenRole>
    let providers: RecordTable<Provider>
    let clients: RecordTable<Client>
    let scopes: RecordTable<Scope>
    let assignments: RecordTable<Assignment>
    let codes: BearerRecords<AuthorizationCode>
    let accessTokens: BearerRecords<AccessToken>
    let time: any TimeSource
    let randomness: any Randomness
    let logger: Logger
    let publishedCache = PublishedKeysCache()
    private let turns = WriterQueues()

    /// Creates the part of the identity engine.
    ///
    /// - Parameter storage: The part of the barrier's storage that belongs to it.
    package init(
        storage: any Storage, identity: IdentityStore, surroundings: Surroundings, time: any TimeSource,
        randomness: any Randomness, logger: Logger
    ) {
        self.storage = storage
        self.identity = identity
        self.surroundings = surroundings
        configurations = RecordTable(storage: storage, prefix: "config/", parsedMax: 1)
        keys = NamedKeys(storage: storage, time: time, randomness: randomness)
        roles = RecordTable(storage: storage, prefix: "role/", parsedMax: 1_024)
        providers = RecordTable(storage: storage, prefix: "provider/", parsedMax: 128)
        clients = RecordTable(storage: storage, prefix: "client/", parsedMax: 1_024)
        scopes = RecordTable(storage: storage, prefix: "scope/", parsedMax: 256)
        assignments = RecordTable(storage: storage, prefix: "assignment/", parsedMax: 64)
        codes = BearerRecords(storage: storage, prefix: "code/", mark: "coffer_code_", randomness: randomness)
        accessTokens = BearerRecords(storage: storage, prefix: "access/", mark: "coffer_access_", randomness: randomness)
        self.time = time
        self.randomness = randomness
        self.logger = logger
    }

    /// The declared paths below `identity/`, in the order in which they are tried.
    package var paths: [EnginePath] {
        [configurationPath] + keyPaths + rolePaths + tokenPaths + documentPaths + clientPaths + scopePaths + providerPaths
            + [authorizePath, signInPath, exchangePath, userInfoPath]
    }

    /// Deletes codes and access tokens that have ended, and rotates keys that are due. The leader calls it every few seconds.
    package func runRound() async throws {
        let now = time.now().seconds
        try await codes.folders.sweep(at: now)
        try await accessTokens.folders.sweep(at: now)
        try await keys.rotateDue()
    }
}

extension IdentityTokens {
    static let nameField = Field("name", .string, required: true, "The name.")
    /// The folder of everything below `identity/`.
    static let folder = "oidc/"

    /// Makes a change of records that refer to each other, after and before all other such changes on whatever node.
    ///
    /// `decide` may rely on all that it reads, except on keys, which rotate: those it writes with a precondition.
    func change<Result>(_ decide: (inout Batch) async throws -> Result) async throws -> Result {
        try await turns.inTurn(Self.changes) {
            try await storage.transact { batch in
                // Its version is what matters, which each write changes.
                let mark = try await storage.get(Self.changes)
                let result = try await decide(&batch)
                if !batch.isEmpty { Self.noteChange(in: &batch, if: .init(unchanged: mark)) }
                return result
            }
        }
    }

    /// The record that every change of keys, and of records that refer to each other, writes.
    static let changes = "changes"

    static func noteChange(in batch: inout Batch, if precondition: Batch.Precondition = .none) {
        batch.put(changes, [], if: precondition)
    }

    /// The most roles, and the most clients, scopes and assignments.
    static let objectsMax = 4_096

    /// Throws unless a table has room for one more record.
    ///
    /// - Parameter kind: What the records are called: "roles".
    func checkRoom(for kind: String, in table: RecordTable<some Record>, max: Int = objectsMax) async throws {
        guard try await table.names(Paging(limit: max)).count >= max else { return }
        throw CofferError.invalid("there are \(max) \(kind), which is the limit; delete one first")
    }
    /// Returns the issuer of identity tokens: the address with the path of this engine.
    func issuer() async throws -> String {
        try address(configured: try await configurations.find(IssuerConfiguration.name)?.value.issuer ?? "")
            + "/v1/identity/oidc"
    }

    /// Returns the scheme, host and port of an issuer.
    ///
    /// - Parameter configured: What an operator set; empty for the address of the server.
    /// - Throws: `.invalidRequest` if there is neither.
    func address(configured: String) throws(CofferError) -> String {
        guard configured.isEmpty else { return configured }
        var address = surroundings.address[...]
        while let shorter = address.removingUTF8Suffix("/") { address = shorter }
        guard !address.isEmpty else {
            throw .invalid(
                "the server does not know its address: set \"issuer\" in identity/oidc/config, or api_addr in the configuration")
        }
        return String(address)
    }

    /// Returns the text of a new identifier or secret: 62 possible characters each.
    func randomText(_ count: Int) -> String {
        let digits = Array(ASCII.lettersAndDigits.utf8)
        var text: [UInt8] = []
        while text.count < count {
            // Bytes beyond the last multiple of 62 would make some characters likelier.
            text += randomness.bytes(2 * count).filter { $0 < 248 }.prefix(count - text.count).map { digits[Int($0 % 62)] }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Returns the enabled entity of the caller.
    func callersEntity(_ request: Request) async throws -> ResolvedEntity? {
        guard let id = request.caller?.entityID, !id.isEmpty, let entity = try await identity.resolve(id), !entity.isDisabled else {
            return nil
        }
        return entity
    }
}
