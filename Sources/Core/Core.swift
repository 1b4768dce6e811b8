import Audit
package import Barrier
package import EngineKit
import Identity
import Lifetimes
import Logging
import Syntax

/// The server that all dialects share: runs requests through the pipeline, and unseals and seals.
package final class Core: Pipeline {
    /// The server's configuration.
    package let settings: CoreSettings
    /// The seal that protects the barrier's keys.
    package let seal: SealController
    let environment: CoreEnvironment
    let remounts = RemountHistory()
    let engineRounds = EngineRounds()
    /// Rings when there are leases to revoke; the server then calls ``runLeaseJobs()``.
    package let leaseBell = Bell()
    let barrier: Barrier
    /// Drops what was cached while the barrier was open, such as the store's cache of sealed records.
    private let dropCaches: @Sendable () -> Void
    private let state = UnfairLock<Services?>(nil)
    /// Counts the changes of other nodes, so that unsealing notices one that came while it was loading.
    private let remoteChanges = UnfairLock<UInt64>(0)
    /// The declarations of ``PublicSystemPaths``, by their names below `sys/`.
    let openPaths = UnfairLock<[Substring: EnginePath]>([:])
    /// Limits the log lines about requests that anyone can send and that no audit device records.
    let unauditedLines = UnfairLock(LogLineLimiter())
    /// Runs one unseal or seal at a time.
    private let opening = SerialTaskQueue()
    let nodeStatus = NodeStatus()
    /// When to warn that no audit device is enabled; nil if there is nothing to warn about.
    let auditReminder = UnfairLock<Timestamp?>(nil)
    /// Logs failing jobs, at most once a minute each.
    let failures: RepeatedFailures

    /// Creates a sealed server; ``start()`` unseals it if its seal does so automatically.
    package init(
        settings: CoreSettings, environment: CoreEnvironment, barrier: Barrier, seal: SealController,
        dropCaches: @escaping @Sendable () -> Void = {}
    ) {
        self.settings = settings
        self.environment = environment
        self.barrier = barrier
        self.seal = seal
        self.dropCaches = dropCaches
        failures = RepeatedFailures(time: environment.time, logger: environment.logger)
    }

    var logger: Logger { environment.logger }
    /// The store behind the barrier; throws `.sealed` while sealed.
    var storage: any Storage { barrier }
    /// The services of the unsealed server; nil while sealed.
    var services: Services? { state.withLock { $0 } }
    /// Whether the server is sealed.
    package var isSealed: Bool { services == nil }

    // MARK: Serving

    /// Answers a request. The answer is in the audit log, where one is enabled, before this returns.
    package func handle(_ request: consuming CoreRequest) async -> CoreAnswer {
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
        .unavailable,
        "this node is cut off from the store and serves no requests until it has caught up; ask another node, or retry")

    private func serve(_ request: consuming CoreRequest, _ path: CanonicalPath, with services: Services?) async -> CoreAnswer {
        if let answer = await PublicSystemPaths(core: self).answer(request, path) {
            return await recordOpenPath(request, path, answer: answer, wasOpen: services)
        }
        if let cluster = environment.cluster, !cluster.mayServe {
            return CoreAnswer(requestID: request.id, path: path.text, outcome: .failure(Self.cutOff))
        }
        guard let services else {
            let refusal = nodeStatus.sealedError(hasRecoveryKeys: seal.configuredKind.unsealsAutomatically)
            return CoreAnswer(requestID: request.id, outcome: .failure(refusal))
        }
        return await Exchange(core: self, services: services, incoming: request, path: path).run()
    }

    /// Refuses a request that exceeds its rate-limit quota. Only its path and address were looked at and, for a login, its role.
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

    /// Returns an error as the caller may see it. The log gets the kind of an unforeseen error, not its text, which could contain a
    /// secret.
    func presentable(_ error: any Error, requestID: String) -> CofferError {
        let shown = (error as? SealError).map { CofferError($0) } ?? CofferError(wrapping: error)
        if shown.code == .internal || shown.code == .unavailable {
            var metadata: Logger.Metadata = ["request_id": "\(requestID)", "kind": "\(type(of: error))"]
            if case .corrupted(let key)? = error as? StorageError { metadata["record"] = "\(key)" }
            if case .unavailable(let reason)? = error as? StorageError {
                metadata["reason"] = "\(reason)"
                nodeStatus.suspectWrites()
            }
            // The messages of a `CofferError` may be shown to callers, so the log may have them too.
            if let reason = (error as? CofferError)?.messages.first { metadata["reason"] = "\(reason)" }
            logger.error("request failed", metadata: metadata)
        }
        return shown
    }

    // MARK: Opening and closing

    /// Unseals the server if its seal does so automatically. The server calls it once at start; after that the jobs retry it while
    /// the store is uninitialized or unavailable.
    package func start() async throws {
        nodeStatus.setAutomaticUnseal(true)
        let outcome: UnsealOutcome
        do {
            outcome = try await seal.unsealAutomatically()
        } catch {
            nodeStatus.setStoreUninitialized(false)
            throw error
        }
        nodeStatus.setStoreUninitialized(outcome == .notInitialized)
        switch outcome {
        case .unsealed:
            try await open()
            await logUnneededSealKey()
        case .notInitialized: break
        case .needsShares: nodeStatus.setAutomaticUnseal(false)
        case .needsMigration:
            nodeStatus.setAutomaticUnseal(false)
            nodeStatus.noteSealMigration()
        case .needsStoredSeal:
            nodeStatus.setAutomaticUnseal(false)
            nodeStatus.noteStoredSealMissing()
        }
    }

    /// Tells the operator who rotated the seal's key when the previous key can be removed from the configuration.
    private func logUnneededSealKey() async {
        guard let previous = seal.previousKeyID, let current = try? await seal.status().keyID, current != previous else { return }
        logger.notice(
            """
            the store is sealed with the current seal key, and the previous one is not needed to open it: take previous_key out \
            of the configuration of every node. Backups that were made with the previous key still need it
            """,
            metadata: ["seal_key_id": "\(current)", "previous_key_id": "\(previous)"])
    }

    /// Takes one share of the unseal key, and unseals if it completes a quorum.
    ///
    /// - Parameter migrate: Whether the shares are meant to move the store to the configured seal.
    package func unseal(share: String, migrate: Bool = false) async throws {
        // Waits for a seal in progress, which would drop the share when it ends.
        try await opening.enter {}
        let status = try await seal.unseal(share: share, migrate: migrate)
        if !status.isSealed { try await open() }
    }

    /// Loads all services, so that requests are served. The barrier must be open; it is closed again if anything fails.
    func open() async throws {
        try await opening.enter { [self] in
            guard services == nil, !barrier.isSealed else { return }
            do {
                let before = remoteChanges.withLock { $0 }
                let services = try await makeServices()
                state.withLock { $0 = services }
                nodeStatus.noteUnsealed()
                // Another node may have changed records while this one was loading them.
                do {
                    if remoteChanges.withLock({ $0 != before }) { try await drop(.everything) }
                } catch {
                    services.audit.abandon()
                    services.mounts.close()
                    throw error
                }
                environment.cluster?.offerToLead(true)
                logUnsealed(services)
            } catch {
                state.withLock { $0 = nil }
                await seal.seal()
                dropCaches()
                // The jobs log the failures of automatic attempts, which they retry every second.
                if !nodeStatus.unsealsAutomatically {
                    logger.error(
                        "could not load the store after unsealing, so the server is sealed again: fix the cause and unseal again",
                        metadata: RepeatedFailures.metadata(of: error))
                }
                throw error
            }
        }
    }

    /// Seals the server: refuses new requests at once, ends the audit files properly, and drops every key and cache.
    package func close() async {
        nodeStatus.setAutomaticUnseal(false)
        try? await opening.enter { [self] in
            guard let services = state.withLock({ $0.take() }) else { return }
            environment.cluster?.offerToLead(false)
            await engineRounds.finish(services.mounts.router.mounts.values)
            // Each step ignores failures of the others: an unavailable store must not keep the audit files locked.
            do {
                try await services.clock.store(services.storage)
            } catch {
                logger.error(
                    "could not store the latest time while sealing; the last stored one remains",
                    metadata: RepeatedFailures.metadata(of: error))
            }
            do {
                try await services.audit.close()
            } catch {
                logger.error(
                    "could not store the audit checkpoint while sealing; the last stored one remains",
                    metadata: RepeatedFailures.metadata(of: error))
            }
            await seal.seal()
            services.mounts.close()
            dropCaches()
            logger.info("sealed")
        }
    }

    /// Counts a change by another node, and returns the services, or nil while sealed.
    func noteRemoteChange() -> Services? {
        remoteChanges.withLock { $0 += 1 }
        return services
    }

    /// Reopens the audit files, for log rotation and for devices that failed, and adopts a system clock that is ahead of the
    /// server's time. The server calls it on SIGHUP.
    package func reload() {
        services?.audit.reopen()
        services?.clock.adoptSystemClock()
    }
}
