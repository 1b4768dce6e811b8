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
    let barrier: Barrier
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
            let refusal = condition.refusalWhileSealed(hasRecoveryKeys: seal.configuredKind.unsealsAutomatically)
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

    /// After log rotation, and after whatever kept a device from working was mended. A later clock is taken over as well.
    package func reload() {
        services?.audit.reopen()
        services?.clock.follow()
    }
}
