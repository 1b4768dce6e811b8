import Audit
package import Barrier
package import EngineKit
import Identity
import Lifetimes
import Logging
import Syntax

/// The server behind every dialect: it runs the pipeline, and opens and closes what the pipeline needs.
package final class Core: Pipeline {
    package let settings: CoreSettings
    package let seal: SealController
    let environment: CoreEnvironment
    let moves = MountMoves()
    let engineRounds = EngineRounds()
    /// Rings when there are leases to revoke; what listens calls ``runLeaseJobs()``.
    package let leaseBell = Bell()
    private let barrier: Barrier
    /// Drops what was read while the barrier was open; the store's cache of sealed records.
    private let dropCaches: @Sendable () -> Void
    private let state = UnfairLock<Services?>(nil)
    /// Counts what other nodes changed while this one was not open.
    private let missed = UnfairLock<UInt64>(0)
    /// What ``PublicSystemPaths`` answers, by the name below `sys/`.
    let openPaths = UnfairLock<[Substring: EnginePath]>([:])
    /// Bounds the log lines about what nobody had to be allowed for.
    let unrecorded = UnfairLock(LineBudget())
    private let opening = SerialTaskQueue()
    let condition = NodeCondition()
    /// When to warn that a store which this process initialized still has no audit device.
    let auditReminder = UnfairLock<Timestamp?>(nil)
    let faults: RepeatedFaults

    package init(
        settings: CoreSettings, environment: CoreEnvironment, barrier: Barrier, seal: SealController,
        dropCaches: @escaping @Sendable () -> Void = {}
    ) {
        self.settings = settings
        self.environment = environment
        self.barrier = barrier
        self.seal = seal
        self.dropCaches = dropCaches
        faults = RepeatedFaults(time: environment.time, logger: environment.logger)
    }

    var logger: Logger { environment.logger }
    /// Refuses while sealed.
    var storage: any Storage { barrier }
    var services: Services? { state.withLock { $0 } }
    package var isSealed: Bool { services == nil }
    /// Empty while sealed.
    var clusterID: String { services?.clusterID ?? "" }

    // MARK: Serving

    package func handle(_ request: CoreRequest) async -> CoreAnswer {
        let path: CanonicalPath
        do throws(CanonicalPath.Refusal) {
            path = LegacyPaths.resolve(try CanonicalPath(percentEncoded: request.path))
        } catch {
            let refused = RefusedRequest(
                id: request.id, method: request.operation.rawValue, path: request.path, credentials: request.credentials,
                connection: request.connection, status: 400, reason: error.rawValue)
            return CoreAnswer(requestID: request.id, outcome: .failure(await record(refused) ?? .invalid(error.rawValue)))
        }
        let services = services
        var limit: RateLimits.Decision?
        if let services, services.quotas.isAny {
            limit = await services.quotas.decide(request, path, services: services, jsonLimits: settings.jsonLimits)
            if let limit, !limit.verdict.isAllowed { return await refuse(request, path, exceeding: limit, with: services) }
        }
        var answer = await serve(request, path, with: services)
        if let limit, limit.showsHeaders { answer.headers += limit.verdict.headers }
        return answer
    }

    private static let cutOff = CofferError(
        .unavailable, "this node is cut off from the store and answers nothing until it has caught up; ask another or retry")

    private func serve(_ request: CoreRequest, _ path: CanonicalPath, with services: Services?) async -> CoreAnswer {
        if let answer = await PublicSystemPaths(core: self).answer(request, path) {
            return await recordOpenPath(request, path, answer: answer, wasOpen: services)
        }
        if let cluster = environment.cluster, !cluster.mayServe {
            return CoreAnswer(requestID: request.id, path: path.text, outcome: .failure(Self.cutOff))
        }
        guard let services else {
            let refusal = condition.refusalWhileSealed(hasRecoveryKeys: seal.configuredKind.opensByItself)
            return CoreAnswer(requestID: request.id, outcome: .failure(refusal))
        }
        return await Exchange(core: self, services: services, incoming: request, path: path).run()
    }

    /// Beyond its quota. Nothing of the request was looked at but its path, its address and, for a login, its role.
    private func refuse(
        _ request: CoreRequest, _ path: CanonicalPath, exceeding limit: RateLimits.Decision, with services: Services
    ) async -> CoreAnswer {
        let exceeded = RateLimits.exceeded(limit.verdict, at: environment.time.now())
        var answer = CoreAnswer(requestID: request.id, path: path.text, outcome: .failure(exceeded))
        if limit.recordsRefusals {
            let exchange = Exchange(core: self, services: services, incoming: request, path: path)
            answer.outcome = await exchange.recordRefusal(exceeded)
        }
        if limit.showsHeaders { answer.headers += limit.verdict.headers }
        return answer
    }

    /// An error as the caller may see it. Anything unforeseen goes to the log by its kind, never by its text.
    func presentable(_ error: any Error, requestID: String) -> CofferError {
        let shown = (error as? SealError).map { CofferError($0) } ?? CofferError(wrapping: error)
        if shown.code == .internal || shown.code == .unavailable {
            var metadata: Logger.Metadata = ["request_id": "\(requestID)", "kind": "\(type(of: error))"]
            if case .corrupted(let key)? = error as? StorageError { metadata["record"] = "\(key)" }
            if case .unavailable(let reason)? = error as? StorageError {
                metadata["reason"] = "\(reason)"
                condition.suspect()
            }
            // Static, or names: what a caller may read, the log may too.
            if let reason = (error as? CofferError)?.messages.first { metadata["reason"] = "\(reason)" }
            logger.error("request failed", metadata: metadata)
        }
        return shown
    }

    // MARK: Opening and closing

    /// Opens the barrier if the seal does so by itself. Call once at start; from then on the jobs try it again while the store
    /// is not there yet or cannot be opened.
    package func start() async throws {
        condition.opensByItself(true)
        let outcome: UnsealOutcome
        do {
            outcome = try await seal.unsealAutomatically()
        } catch {
            condition.waitsForStore(false)
            throw error
        }
        condition.waitsForStore(outcome == .notInitialized)
        switch outcome {
        case .unsealed:
            try await open()
            await tellOfPreviousKey()
        case .notInitialized: break
        case .needsShares: condition.opensByItself(false)
        case .needsMigration:
            condition.opensByItself(false)
            condition.waitsForMigration()
        case .needsStoredSeal:
            condition.opensByItself(false)
            condition.lacksStoredSeal()
        }
    }

    /// An operator who rotated the seal's key has to learn when the old one may go.
    private func tellOfPreviousKey() async {
        guard let previous = seal.previousKeyID, let current = try? await seal.status().keyID, current != previous else { return }
        logger.notice(
            """
            the store is sealed with the current seal key, and the previous one is not needed to open it: take previous_key out \
            of the configuration of every node. Backups that were made with the previous key still need it
            """,
            metadata: ["seal_key_id": "\(current)", "previous_key_id": "\(previous)"])
    }

    /// Gives one share, and opens when it was the last that was needed.
    package func unseal(share: String, migrate: Bool = false) async throws {
        // One that is being sealed would take the share, and drop it at the end of that.
        try await opening.enter {}
        let status = try await seal.unseal(share: share, migrate: migrate)
        if !status.isSealed { try await open() }
    }

    /// Loads everything that requests need. The barrier must be open; it is closed again when anything fails.
    func open() async throws {
        try await opening.enter { [self] in
            guard services == nil, !barrier.isSealed else { return }
            do {
                let before = missed.withLock { $0 }
                let services = try await makeServices()
                state.withLock { $0 = services }
                condition.opened()
                // What another node changed while this one was reading.
                do {
                    if missed.withLock({ $0 != before }) { try await drop(.everything) }
                } catch {
                    services.audit.abandon()
                    services.mounts.close()
                    throw error
                }
                environment.cluster?.offerToLead(true)
                tellOpened(services)
            } catch {
                state.withLock { $0 = nil }
                await seal.seal()
                dropCaches()
                // Otherwise it is tried again every second, and told by whoever tries.
                if !condition.mayOpenByItself {
                    logger.error("could not open after unsealing; sealed again", metadata: RepeatedFaults.described(error))
                }
                throw error
            }
        }
    }

    /// Refuses new requests at once, ends the audit trail in good order, then drops every key and cache.
    package func close() async {
        condition.opensByItself(false)
        try? await opening.enter { [self] in
            guard let services = state.withLock({ $0.take() }) else { return }
            environment.cluster?.offerToLead(false)
            await engineRounds.finish(services.mounts.router.mounts.values)
            // Each for itself: a store that is away must not keep the audit files locked.
            do {
                try await services.clock.store(services.storage)
            } catch {
                logger.error("the latest time could not be stored", metadata: RepeatedFaults.described(error))
            }
            do {
                try await services.audit.close()
            } catch {
                logger.error("the audit trail's checkpoint could not be stored", metadata: RepeatedFaults.described(error))
            }
            await seal.seal()
            services.mounts.close()
            dropCaches()
            logger.info("sealed")
        }
    }

    /// What is open, when something was changed elsewhere; notes it for what is being opened.
    func noteChange() -> Services? {
        missed.withLock { $0 += 1 }
        return services
    }

    private func makeServices() async throws -> Services {
        let audit = AuditTrail(
            broker: try auditBroker(), storage: barrier, randomness: environment.randomness, logger: logger,
            node: environment.cluster == nil ? nil : settings.nodeID)
        do {
            return try await makeServices(audit)
        } catch {
            // Its devices hold their files, which the next attempt needs.
            audit.abandon()
            throw error
        }
    }

    private func makeServices(_ audit: AuditTrail) async throws -> Services {
        let clock = ClockWatch(time: environment.time, logger: logger)
        try await clock.open(barrier, acceptsEarlier: settings.acceptsEarlierClock)
        let tokens = try tokenStore(barrier)
        let isShared = environment.cluster != nil
        // Where there are several nodes, the one that leads does it.
        if !isShared { try await tokens.resumeRevocations() }
        let policies = PolicyStore(storage: barrier)
        let identity = IdentityStore(
            storage: PrefixedStorage(barrier, prefix: "sys/identity/"), time: environment.time, randomness: environment.randomness,
            forbiddenPolicies: [PolicyName.root.text, TokenStore.wrappingPolicy])
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
        let roles = PrefixedStorage(barrier, prefix: "sys/token-role/")
        let (settings, time) = (settings, environment.time)
        let accessorTidy = AccessorTidy(tokens: tokens, logger: logger)
        let builtIn = [
            BuiltInMount(entry: .system) { _ in system },
            BuiltInMount(entry: .token) { [weak mounts] entry in
                TokenEngine(
                    tokens: tokens, access: access, settings: settings, storage: roles, time: time,
                    accessorTidy: accessorTidy,
                    mount: { [weak mounts] in mounts?.mount(id: $0, path: $1) },
                    defaultTTL: entry.tuning.defaultTTL > 0 ? entry.tuning.defaultTTL : settings.defaultTTL,
                    maxTTL: entry.tuning.maxTTL > 0 ? entry.tuning.maxTTL : settings.maxTTL)
            },
            BuiltInMount(entry: .identity) { [weak mounts] _ in
                IdentityEngine(store: identity) { [weak mounts] in mounts?.mount(accessor: $0)?.identity }
            },
            BuiltInMount(entry: .cubbyhole) { _ in CubbyholeEngine(tokens: tokens, wrapping: wrapping) },
        ]
        let cluster: StoredRecord?
        do {
            try await mounts.load(builtIn: builtIn)
            try await addMissing(settings.mounts, to: mounts)
            await tell(disabled, audit)
            cluster = try await clusterRecord()
        } catch {
            mounts.close()  // It and the system's engine hold each other.
            throw error
        }
        return Services(
            tokens: tokens, policies: policies, mounts: mounts, audit: audit, wrapping: wrapping, leases: leases,
            inline: inline, quotas: quotas, identity: identity, clock: clock,
            unfinished: UnfinishedWork(tokens: tokens, mounts: mounts, isShared: isShared), storage: barrier,
            clusterID: cluster.map { String(decoding: $0.value, as: UTF8.self) } ?? "")
    }

    /// A damaged one costs the name of the cluster, and not what is stored.
    private func clusterRecord() async throws(StorageError) -> StoredRecord? {
        do {
            return try await barrier.get(Self.clusterKey)
        } catch .corrupted(let key) {
            logger.error("the cluster's id cannot be read; the server opens without one", metadata: ["record": "\(key)"])
            return nil
        }
    }

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

    /// After log rotation, and after whatever kept a device from working was mended. A later clock is taken over as well.
    package func reload() {
        services?.audit.reopen()
        services?.clock.follow()
    }
}

extension CofferError {
    package init(_ error: SealError) {
        switch error {
        case .sealed: self = .sealed
        case .notInitialized: self.init(.uninitialized, "\(error)")
        case .storage(let error): self.init(error)
        case .corrupted, .unknownFormat, .termMismatch: self.init(.internal, "\(error)")
        default: self.init(.invalidRequest, "\(error)")
        }
    }
}

extension TokenAccess {
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
    /// - Parameter description: The description of the mount's type; nil for the server's own mounts, of which `auth/token/` reads
    ///   the name of `entity_alias` without regard to case.
    init(_ entry: MountEntry, _ description: EngineDescription? = nil) {
        self.init(
            path: entry.path, type: entry.type, isAuth: entry.mountClass == .auth,
            foldsAliasCase: description?.foldsAliasCase ?? (entry.type == MountEntry.token.type))
    }
}

/// Lets one task through at a time; the others wait in order.
actor SerialTaskQueue {
    private var last: Task<Void, Never>?

    func enter(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let before = last
        let task = Task {
            await before?.value
            return await Result { () async throws in try await body() }
        }
        last = Task { _ = await task.value }
        try await task.value.get()
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
