import Crypto
import EngineKit
import Identity
import Lifetimes
import Logging
import LoginGuards
import Policy
import SecretMemory
import Syntax

/// Authenticates inline credentials: step 3 of the pipeline for requests whose credentials are not a token and are valid for that
/// request only.
final class InlineLogins: Sendable {
    /// An authenticated caller.
    struct Admitted: Sendable {
        /// The caller as a token, which the rest of the pipeline expects. It is not stored.
        var token: LiveToken
        /// The policies that the grant brings with it.
        var rules: [InlinePolicy]
        /// The limits of narrowed credentials; nil for others.
        var limit: Narrowing?
        /// The entity of the grant's alias; nil if there is none.
        var entity: ResolvedEntity?
    }

    /// The refusal of credentials.
    struct Refused: Error {
        var reason: InlineRefusal
        /// The seconds that the name stays locked; nil if it is not locked.
        var retryAfter: Int?
    }

    /// A kind of credentials with its authenticator and its count of failures.
    private struct Counter: Sendable {
        var authenticator: any InlineAuthenticator
        var lockouts: Lockouts
        /// The latest callers by display name. One is replaced when its grant changes.
        let callers = UnfairLock<[String: Caller]>([:])
    }

    /// A caller together with the grant that it was made from.
    private struct Caller: Sendable {
        var policies: [String]
        var rules: [InlinePolicy]
        var metadata: [String: String]
        var token: LiveToken

        /// Returns whether the grant and the entity are those that this caller was made from.
        func fits(_ grant: InlineGrant, entityID: String) -> Bool {
            policies == grant.policies && rules == grant.rules && metadata == grant.metadata && token.entry.entityID == entityID
        }
    }

    private static let callersMax = 1_000

    private let counters: [String: Counter]
    private let time: any TimeSource
    private let identity: IdentityStore
    /// Returns the auth mount with an accessor, or nil if there is none.
    private let mount: @Sendable (_ accessor: String) -> IdentityMount?
    private static let nameBytesMax = 128

    /// Creates the authenticators of all kinds of inline credentials.
    ///
    /// - Parameters:
    ///   - key: The HMAC key that hides names in the keys of the records that count failures.
    ///   - rules: Returns the lockout rules of a kind.
    init(
        _ descriptions: [InlineAuthenticatorDescription], storage: any Storage, key: SecretBytes, environment: CoreEnvironment,
        identity: IdentityStore, mount: @escaping @Sendable (_ accessor: String) -> IdentityMount?,
        rules: @Sendable (_ kind: String) -> LockoutRules
    ) throws {
        time = environment.time
        self.identity = identity
        self.mount = mount
        var counters: [String: Counter] = [:]
        for description in descriptions {
            let kind = description.kind
            let context = MountContext(
                path: "", accessor: kind, storage: PrefixedStorage(storage, prefix: "sys/inline/\(kind)/"), time: environment.time,
                randomness: environment.randomness, logger: environment.logger)
            let lockouts = Lockouts(
                storage: PrefixedStorage(storage, prefix: "sys/inline-lockout/\(kind)/"), time: environment.time,
                rules: description.locksNames ? rules(kind) : LockoutRules.none
            ) { name throws(StorageError) in Self.hash(kind + "/" + name, key) }
            counters[kind] = Counter(authenticator: try description.make(context), lockouts: lockouts)
        }
        self.counters = counters
    }

    /// Returns the hash that stands for a name in storage: 4 bytes of an HMAC-SHA256 in hex.
    private static func hash(_ name: String, _ key: SecretBytes) -> String {
        let code = key.withBytes { HMAC<SHA256>.authenticationCode(for: Array(name.utf8), using: SymmetricKey(data: $0)) }
        return Hex.encode(code.prefix(4))
    }

    /// Authenticates credentials, and counts a failure against their name and address.
    func admit(_ attempt: InlineAttempt) async throws -> Result<Admitted, Refused> {
        let credentials = attempt.credentials
        guard let counter = counters[credentials.kind] else {
            throw CofferError(.internal, "no authenticator is registered for this kind of credentials")
        }
        guard credentials.name.utf8.count <= Self.nameBytesMax else { return .failure(Refused(reason: .unknownName)) }
        let source = Self.source(attempt.connection.remoteAddress)
        if let seconds = try await counter.lockouts.secondsLocked(credentials.name, source: source) {
            return .failure(Refused(reason: .locked, retryAfter: seconds))
        }
        switch try await counter.authenticator.authenticate(attempt) {
        case .granted(let grant):
            let entity = try await entity(of: grant.alias)
            guard entity?.isDisabled != true else { return .failure(Refused(reason: .notAllowed)) }
            guard try isComplete(grant.alias, entity) else { return .failure(Refused(reason: .notAllowed)) }
            try await counter.lockouts.forget(credentials.name, source: source)
            let token = try token(grant, entityID: entity?.id ?? "", counter, credentials: credentials)
            return .success(Admitted(token: token, rules: grant.rules, limit: grant.limit, entity: entity))
        case .refused(let refusal):
            if refusal.isGuess {
                try await counter.lockouts.fail(credentials.name, source: source, isAccount: refusal == .wrongSecret)
            }
            return .failure(Refused(reason: refusal))
        }
    }

    private func entity(of alias: InlineAlias?) async throws -> ResolvedEntity? {
        guard let alias, let mount = mount(alias.mountAccessor), mount.isAuth else { return nil }
        return try await identity.entity(ofAlias: mount.aliasName(alias.name), mountAccessor: alias.mountAccessor)
    }

    /// Whether a caller that acts by an alias of an auth method needs no second factor for that. Such a caller has none to offer.
    private func isComplete(_ alias: InlineAlias?, _ entity: ResolvedEntity?) throws(CofferError) -> Bool {
        guard let alias, let mount = mount(alias.mountAccessor) else { return true }
        return try identity.mfa.constraints(accessor: alias.mountAccessor, type: mount.type, entity: entity).isEmpty
    }

    /// Returns the source that failures and requests are counted by: the address, or the /64 network of an IPv6 address, because
    /// one machine has all addresses of such a network. Counting by source keeps a stranger from locking a service out from
    /// elsewhere.
    static func source(_ address: String) -> String {
        guard address.containsUTF8(":") else { return address }
        return AddressRange.network(of: address, prefixBits: 64) ?? address
    }

    /// Returns the same token for all requests of a caller whose grant has not changed, so that the audit formats the caller only
    /// once.
    private func token(
        _ grant: InlineGrant, entityID: String, _ counter: Counter, credentials: InlineCredentials
    ) throws -> LiveToken {
        if let known = counter.callers.withLock({ $0[grant.displayName] }), known.fits(grant, entityID: entityID) {
            return known.token
        }
        let token = LiveToken(try entry(grant, entityID: entityID, credentials: credentials))
        let caller = Caller(policies: grant.policies, rules: grant.rules, metadata: grant.metadata, token: token)
        counter.callers.withLock { callers in
            if callers.count >= Self.callersMax { callers.removeAll() }
            callers[grant.displayName] = caller
        }
        return token
    }

    /// Returns the token entry that represents the caller. Throws if the grant contains the root policy.
    private func entry(_ grant: InlineGrant, entityID: String, credentials: InlineCredentials) throws -> TokenEntry {
        let policies = try PolicyNames.normalized(grant.policies)
        guard !policies.contains("root") else { throw CofferError(.internal, "inline credentials cannot have the root policy") }
        var entry = TokenEntry(
            id: "inline/\(credentials.kind)/\(grant.displayName)", accessor: "", policies: policies,
            displayName: grant.displayName, path: "", createdAt: time.now())
        entry.metadata = grant.metadata
        entry.entityID = entityID
        return entry
    }

    // MARK: Locked names

    /// The kinds of inline credentials.
    var kinds: [String] { counters.keys.sorted() }

    /// Returns the locked names of each kind that has any.
    func locked() async throws -> [(kind: String, names: [String])] {
        var found: [(kind: String, names: [String])] = []
        for (kind, counter) in counters.sorted(by: { $0.key < $1.key }) {
            let names = try await counter.lockouts.locked()
            if !names.isEmpty { found.append((kind, names)) }
        }
        return found
    }

    /// Unlocks a name of a kind. Does nothing for an unknown kind.
    func unlock(_ name: String, kind: String) async throws { try await counters[kind]?.lockouts.unlock(name) }
}
