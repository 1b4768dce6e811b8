import Audit
import Barrier
import EngineKit
import Identity
import IdentityTokens
import Lifetimes
import Logging
import Records
import Syntax

/// The creation of everything that exists only while the server is unsealed.
extension Core {
    /// Loads all services from the store. The barrier must be open. Closes the audit devices again if anything fails.
    func makeServices() async throws -> Services {
        let audit = AuditTrail(
            broker: try auditBroker(), storage: barrier, randomness: environment.randomness, logger: logger,
            node: environment.cluster == nil ? nil : settings.nodeID)
        do {
            return try await makeServices(audit)
        } catch {
            // Open devices lock their files, which the next attempt needs.
            audit.abandon()
            throw error
        }
    }

    private func makeServices(_ audit: AuditTrail) async throws -> Services {
        let clock = ClockGuard(time: environment.time, logger: logger)
        try await clock.restore(from: barrier, acceptsEarlier: settings.acceptsEarlierClock)
        let tokens = try tokenStore(barrier)
        let isShared = environment.cluster != nil
        // In a cluster the leader does this.
        if !isShared { try await tokens.resumeRevocations() }
        let policies = PolicyStore(storage: barrier)
        let identity = IdentityStore(
            storage: PrefixedStorage(barrier, prefix: "sys/identity/"), time: environment.time, randomness: environment.randomness,
            forbiddenPolicies: [PolicyName.root.text, TokenStore.wrappingPolicy])
        let identityTokens = IdentityTokens(
            storage: PrefixedStorage(barrier, prefix: "sys/identity-tokens/"), identity: identity,
            surroundings: .init(address: settings.apiAddress, isShared: isShared) { request in
                guard let token = request.presentedToken, let entry = try await tokens.find(token)?.entry else { return nil }
                // A token that another token made says nothing about when somebody logged in.
                return entry.mountID.isEmpty ? nil : entry.createdAt
            }, time: environment.time, randomness: environment.randomness, logger: logger)
        let disabled = try await audit.load(leavingOut: settings.auditDisableOnStart)
        let passwords = PasswordPolicyStore(storage: barrier, randomness: environment.randomness)
        let mounts = MountTable(
            storage: barrier,
            environment: MountEnvironment(
                storage: barrier, catalog: environment.catalog, settings: self.settings, time: environment.time,
                randomness: environment.randomness, logger: logger, passwords: passwords, isShared: isShared,
                record: { [time = environment.time] in try await audit.record($0, on: $1, at: time.now()) },
                forgetMount: { try await identity.forgetMount(accessor: $0) }))
        let wrapping = ResponseWrapping(tokens: tokens, ttlMax: settings.maxTTL)
        let leases = LeaseService(
            store: LeaseStore(tokens: tokens), tokens: tokens, mounts: mounts, time: environment.time, logger: logger,
            defaultTTL: settings.defaultTTL, maxTTL: settings.maxTTL)
        let inline = try InlineLogins(
            environment.catalog.inline, storage: barrier, key: try barrier.subkey(info: "inline-lockout/v1"),
            environment: environment, identity: identity, mount: { [weak mounts] in mounts?.mount(accessor: $0)?.identity },
            rules: { [settings = self.settings] in settings.lockout(of: $0) })
        let quotas = RateLimits(storage: barrier, time: environment.time, logger: logger)
        try await quotas.load()
        let access = AccessControl(policies: policies, identity: identity)
        let system = SystemEngine(
            core: self, policies: policies, mounts: mounts, audit: audit, access: access,
            tokens: TokenAccess(tokens, access), wrapping: wrapping, leases: leases, inline: inline, quotas: quotas,
            passwords: passwords)
        let roles = RecordTable<TokenRole>(storage: barrier, prefix: "sys/token-role/role/")
        let (settings, time) = (settings, environment.time)
        let accessorTidy = AccessorTidy(tokens: tokens, logger: logger)
        let builtIn = [
            BuiltInMount(entry: .system) { _ in system },
            BuiltInMount(entry: .token) { [weak mounts] entry in
                let limits = entry.tuning.limits(settings)
                return TokenEngine(
                    tokens: tokens, access: access, settings: settings, roles: roles, time: time,
                    accessorTidy: accessorTidy,
                    mount: { [weak mounts] in mounts?.mount(id: $0, path: $1) },
                    defaultTTL: limits.defaultTTL, maxTTL: limits.maxTTL)
            },
            BuiltInMount(entry: .identity) { [weak mounts] _ in
                IdentityEngine(store: identity, morePaths: identityTokens.paths) { [weak mounts] in
                    mounts?.mount(accessor: $0)?.identity
                }
            },
            BuiltInMount(entry: .cubbyhole) { _ in CubbyholeEngine(tokens: tokens, wrapping: wrapping) },
        ]
        let cluster: StoredRecord?
        do {
            try await mounts.load(builtIn: builtIn)
            try await addMissing(settings.mounts, to: mounts)
            await reportDisabled(disabled, to: audit)
            cluster = try await clusterRecord()
        } catch {
            mounts.close()  // Breaks the reference cycle with the system engine.
            throw error
        }
        return Services(
            tokens: tokens, policies: policies, mounts: mounts, audit: audit, wrapping: wrapping, leases: leases,
            inline: inline, quotas: quotas, identity: identity, identityTokens: identityTokens, clock: clock,
            unfinished: InterruptedWork(tokens: tokens, mounts: mounts, isShared: isShared), storage: barrier,
            clusterID: cluster.map { String(decoding: $0.value, as: UTF8.self) } ?? "")
    }

    /// Returns the record of the cluster's id, or nil if there is none or it is damaged: a missing id must not keep the server
    /// sealed.
    private func clusterRecord() async throws(StorageError) -> StoredRecord? {
        do {
            return try await barrier.get(Self.clusterKey)
        } catch .corrupted(let key) {
            logger.error(
                "the stored cluster id is damaged; the server unseals without one, and sys/health shows an empty cluster_id",
                metadata: ["record": "\(key)"])
            return nil
        }
    }

    /// Creates the store of tokens and leases behind the barrier.
    func tokenStore(_ barrier: Barrier) throws -> TokenStore {
        TokenStore(
            storage: PrefixedStorage(barrier, prefix: Self.tokenPrefix), key: try barrier.subkey(info: "token-hmac/v1"),
            time: environment.time, randomness: environment.randomness, leasesQueued: { [leaseBell] in leaseBell.ring() })
    }

    static let tokenPrefix = "sys/token/"

    private func auditBroker() throws -> AuditBroker {
        AuditBroker(
            settings: AuditSettings(
                allowedDirectories: settings.auditDirectories, nodeID: settings.nodeID),
            keys: AuditKeys(hmac: try barrier.subkey(info: "audit-hmac/v1"), chain: try barrier.subkey(info: "audit-chain/v1")),
            clock: environment.time, randomness: environment.randomness, logger: logger)
    }
}

extension TokenAccess {
    /// Creates the lookup of what stored tokens may do.
    init(_ tokens: TokenStore, _ access: AccessControl) {
        self.init(
            ofToken: { token in
                guard let entry = try await tokens.authenticate(token) else { return nil }
                return try await access.acl(entry.policies, entityID: entry.entityID)
            },
            ofAccessor: { accessor in
                guard let id = try await tokens.id(accessor: accessor), let entry = try await tokens.entry(id: id) else {
                    return nil
                }
                return try await access.acl(entry.policies, entityID: entry.entityID)
            })
    }
}

extension IdentityMount {
    /// Creates identity's view of a mount.
    ///
    /// - Parameter description: The description of the mount's type; nil for a built-in mount. Of these, only `auth/token/` folds
    ///   the case of alias names.
    init(_ entry: MountEntry, _ description: EngineDescription? = nil) {
        self.init(
            path: entry.path, type: entry.type, isAuth: entry.mountClass == .auth,
            foldsAliasCase: description?.foldsAliasCase ?? (entry.type == MountEntry.token.type))
    }
}
