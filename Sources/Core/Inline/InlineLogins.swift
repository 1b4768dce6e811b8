import Crypto
import EngineKit
import Identity
import Lifetimes
import Logging
import LoginGuards
import Policy
import SecretMemory
import Syntax

/// Step 3 of the pipeline for callers without a token: their credentials come with the request and are good for it alone.
final class InlineLogins: Sendable {
    /// A caller for one request.
    struct Admitted: Sendable {
        /// Looks like a token to the rest of the pipeline, and is stored nowhere.
        var token: LiveToken
        var rules: [InlinePolicy]
        var limit: Narrowing?
        /// The entity of the grant's alias, if there is one.
        var entity: ResolvedEntity?
    }

    /// Why a caller was not let in.
    struct Refused: Error {
        var reason: InlineRefusal
        /// Seconds that a locked name stays locked.
        var retryAfter: Int?
    }

    private struct Counter: Sendable {
        var authenticator: any InlineAuthenticator
        var lockouts: Lockouts
        /// What was made of the latest grants, by their display names; made anew when a grant says anything else.
        let callers = UnfairLock<[String: Caller]>([:])
    }

    private struct Caller: Sendable {
        var policies: [String]
        var rules: [InlinePolicy]
        var metadata: [String: String]
        var token: LiveToken

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

    /// - Parameters:
    ///   - key: Names the records that failures are counted in.
    ///   - rules: Returns when a kind locks names.
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

    private static func hash(_ name: String, _ key: SecretBytes) -> String {
        let code = key.withBytes { HMAC<SHA256>.authenticationCode(for: Array(name.utf8), using: SymmetricKey(data: $0)) }
        return Hex.encode(code.prefix(4))
    }

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

    /// Failures count by address as well, so that nobody can lock a service out by failing in its name from elsewhere. An
    /// IPv6 address counts by its network, of which a single machine has all addresses.
    static func source(_ address: String) -> String {
        guard address.containsUTF8(":") else { return address }
        return AddressRange.network(of: address, prefixBits: 64) ?? address
    }

    /// Returns the same token for every request of a caller whose grant has not changed, so that what the audit says of the caller is
    /// formatted once.
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

    private func entry(_ grant: InlineGrant, entityID: String, credentials: InlineCredentials) throws -> TokenEntry {
        let policies = try PolicyNames.normalised(grant.policies)
        guard !policies.contains("root") else { throw CofferError(.internal, "inline credentials cannot be root") }
        var entry = TokenEntry(
            id: "inline/\(credentials.kind)/\(grant.displayName)", accessor: "", policies: policies,
            displayName: grant.displayName, path: "", createdAt: time.now())
        entry.metadata = grant.metadata
        entry.entityID = entityID
        return entry
    }

    // MARK: Locked names

    var kinds: [String] { counters.keys.sorted() }

    func locked() async throws -> [(kind: String, names: [String])] {
        var found: [(kind: String, names: [String])] = []
        for (kind, counter) in counters.sorted(by: { $0.key < $1.key }) {
            let names = try await counter.lockouts.locked()
            if !names.isEmpty { found.append((kind, names)) }
        }
        return found
    }

    func unlock(_ name: String, kind: String) async throws { try await counters[kind]?.lockouts.unlock(name) }
}
