import EngineKit
import Identity
import Lifetimes
import Records

/// Creates the tokens that auth methods grant, and sees to it that a login has every factor that it needs.
///
/// This is the only place where the grant of a login becomes a token, whatever the method and the dialect.
struct LoginTokens: Sendable {
    let tokens: TokenStore
    let identity: IdentityStore
    let pending: PendingLogins
    let settings: CoreSettings
    let time: any TimeSource
    /// The whole store behind the barrier, for batches over several of its parts.
    let storage: any Storage
    let queues = WriterQueues()

    /// What came of a login.
    enum Outcome: Sendable {
        /// A token, and warnings about terms that were reduced.
        case issued(IssuedAuth, warnings: [String])
        /// Nothing was issued: a second factor is needed.
        case lacking(MFARequirement)
    }

    /// Creates the token of a login, or stores the login until its second factor comes.
    ///
    /// - Parameters:
    ///   - mount: The mount of the auth method.
    ///   - path: The path of the login, which names the token's lease.
    ///   - codes: The codes of second factors that came with the login; nil if none did.
    ///   - wrapTTL: The life in seconds of the wrapping token that the caller asks for.
    func issue(
        _ grant: AuthGrant, mount: Mount, path: String, codes: MFACodes?, wrapTTL: Int?
    ) async throws -> Outcome {
        let (login, constraints) = try await begin(grant, mount: mount, path: path)
        guard !constraints.isEmpty else { return .issued(try await create(login), warnings: login.lifetime.warnings) }
        guard let entity = login.entity else {
            throw CofferError(
                .permissionDenied,
                "this login needs a second factor (enforcement \(constraints[0].name)), but it has no entity whose secret could be "
                    + "asked for")
        }
        guard let codes else {
            let waiting = PendingLogin(
                grant: grant, mountID: mount.entry.uuid, path: path, entityID: entity.id, wrapTTL: wrapTTL ?? 0)
            return .lacking(MFARequirement(requestID: try await pending.begin(waiting), constraints: constraints))
        }
        let issued = try await prove(login, constraints, codes: codes, entity: entity, completing: nil)
        return .issued(issued, warnings: login.lifetime.warnings)
    }

    /// Applies the rules of logins to a grant, finds or creates its entity, and returns which second factors are needed.
    func begin(
        _ grant: AuthGrant, mount: Mount, path: String
    ) async throws -> (NewLogin, [MFARequirement.Constraint]) {
        var login = try NewLogin(grant, mount: mount.entry, path: path, settings: settings)
        login.entity = try await entity(of: grant, mount)
        let constraints = try identity.mfa.constraints(
            accessor: mount.entry.accessor, type: mount.entry.type, entity: login.entity)
        return (login, constraints)
    }

    private func create(_ login: NewLogin) async throws -> IssuedAuth {
        let made: (token: String, entry: TokenEntry)?
        switch login.type {
        case .service:
            made = try await tokens.create(
                parent: nil, displayName: login.grant.displayName, policies: login.policies, path: login.path
            ) { login.configure(&$0, at: time.now()) }
        case .batch: made = try makeBatch(login)
        }
        guard let made else { throw CofferError(.conflict, "the token could not be created because of a concurrent change; retry") }
        return made.entry.issued(token: made.token, seconds: login.lifetime.ttl, entity: login.entity)
    }

    /// Adds the records of the login's token to a batch, of which there are none for a batch token. Keys are relative to the storage
    /// of tokens.
    func prepare(_ login: NewLogin, into batch: inout Batch) throws -> (token: String, entry: TokenEntry) {
        guard login.type == .service else { return try makeBatch(login) }
        return tokens.prepare(
            displayName: login.grant.displayName, policies: login.policies, path: login.path, into: &batch
        ) { login.configure(&$0, at: time.now()) }
    }

    private func makeBatch(_ login: NewLogin) throws -> (token: String, entry: TokenEntry) {
        guard login.grant.terms.period == 0, login.grant.terms.uses == 0 else {
            throw CofferError.invalid("batch tokens cannot have a period or a bound on uses")
        }
        let made = tokens.makeBatch(
            parentID: "", displayName: login.grant.displayName, policies: login.policies, path: login.path
        ) { login.configure(&$0, at: time.now()) }
        guard let made else {
            throw CofferError(
                .tooLarge,
                "the metadata and policies of the batch token are too large for a token; grant fewer, or use a service token")
        }
        return made
    }

    /// Returns the entity of the login's alias, which the first login creates; nil if the grant has no alias. Throws `.denied` if
    /// the entity is disabled.
    private func entity(of grant: AuthGrant, _ mount: Mount) async throws -> ResolvedEntity? {
        guard !grant.aliasName.isEmpty, !mount.entry.isBuiltIn else { return nil }
        let entity = try await identity.logIn(
            LoginAlias(
                mountAccessor: mount.entry.accessor, name: mount.identity.aliasName(grant.aliasName),
                metadata: grant.aliasMetadata, groups: grant.groupAliases))
        guard !entity.isDisabled else { throw CofferError.denied }
        return entity
    }
}

/// A grant together with what the mount says about its token.
struct NewLogin: Sendable {
    let grant: AuthGrant
    let path: String
    /// The policies of the token.
    let policies: [String]
    let lifetime: TokenLifetime
    let type: TokenType
    var entity: ResolvedEntity?
    private let mountID: String
    private let maxTTL: Int

    /// Throws if the grant contains the root policy, which no login gives.
    init(_ grant: AuthGrant, mount: MountEntry, path: String, settings: CoreSettings) throws {
        var policies = try PolicyNames.normalized(grant.policies)
        guard !policies.contains("root") else { throw CofferError.invalid("auth methods cannot create root tokens") }
        if !grant.withoutDefaultPolicy, !policies.contains("default") { policies = (policies + ["default"]).sorted() }
        let (defaultTTL, maxTTL) = mount.tuning.limits(settings)
        self.grant = grant
        self.path = path
        self.policies = policies
        self.maxTTL = grant.terms.maxTTL > 0 ? min(grant.terms.maxTTL, maxTTL) : maxTTL
        lifetime = TokenLifetime.initial(grant.terms, defaultTTL: defaultTTL, maxTTL: maxTTL)
        type = grant.terms.type.resolved(onMount: TokenTypeChoice(rawValue: mount.tuning.tokenType) ?? .default)
        mountID = mount.uuid
    }

    /// Completes the entry of the token.
    func configure(_ entry: inout TokenEntry, at now: Timestamp) {
        entry.metadata = grant.metadata
        entry.entityID = entity?.id ?? ""
        entry.explicitMaxTTL = grant.terms.explicitMaxTTL
        entry.maxTTL = maxTTL
        entry.period = grant.terms.period
        entry.usesLeft = grant.terms.uses
        entry.boundCIDRs = grant.terms.boundCIDRs
        entry.isRenewable = grant.terms.isRenewable
        entry.creationTTL = lifetime.ttl
        entry.expiresAt = now.adding(seconds: lifetime.ttl)
        guard type == .service else { return }
        entry.mountID = mountID
        entry.loginFacts = grant.facts
    }
}
