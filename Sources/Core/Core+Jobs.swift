import Barrier
import EngineKit
import Identity
import IdentityTokens
import Lifetimes
import Logging

/// The periodic jobs.
extension Core {
    private static let leaseJobs = "revoking leases"
    private static let opening = "opening the store"

    /// One of the periodic jobs.
    private struct Job {
        /// What the job does, as the log names it: "rotating the encryption key".
        var name: String
        var isDue = true
        /// Whether only the leader runs the job. A server without a cluster always leads.
        var isLeadersOnly = false
        var run: () async throws -> Void
    }

    /// Runs the periodic jobs that are due in a round. The server calls it every second, with a round that counts up.
    package func runJobs(round: Int) async {
        await openIfPossible()
        guard let services else { return }
        await probeStore(services, isDue: round % 60 == 0)
        if round % 5 == 0, services.audit.isBlocked { services.audit.retryFailed() }
        remindToEnableAudit(services)
        for job in jobs(services, round: round) where job.isDue {
            guard await run(job) else { return }
        }
    }

    private func jobs(_ services: Services, round: Int) -> [Job] {
        [
            Job(name: "taking over from the last leader", isLeadersOnly: true) { [self] in
                if let term = leadership.term { try await services.unfinished.takeOver(in: term) }
            },
            Job(name: "rotating the encryption key", isDue: round % 60 == 0, isLeadersOnly: true) { [self] in
                try await rotateKeyIfDue()
            },
            Job(name: "revoking expired tokens", isLeadersOnly: true) {
                // Enough for a busy second, and bounded so that the other jobs do not wait for long.
                for _ in 0..<20 where try await services.tokens.expireDue(limit: 500) < 500 { break }
            },
            Job(
                name: "finishing interrupted work", isDue: round % InterruptedWork.checkIntervalSeconds == 0, isLeadersOnly: true
            ) { try await services.unfinished.finishAbandoned() },
            Job(name: "rotating the keys of identity tokens", isDue: round % 10 == 0, isLeadersOnly: true) {
                try await services.identityTokens.runRound()
            },
            Job(name: "reading which logins need a second factor") { try await services.identity.mfa.loadIfOutdated() },
            Job(name: "removing logins that were not completed", isDue: round % 30 == 0, isLeadersOnly: true) {
                try await services.logins.pending.sweep()
            },
            Job(name: "storing the audit checkpoints", isDue: round % 10 == 0) { try await services.audit.storeCheckpoints() },
            Job(name: "storing the count of encryptions", isDue: round % 60 == 0) { [seal] in try await seal.storeUsage() },
        ]
    }

    /// Runs a job and logs its failure. Returns false if the other jobs of the round cannot run either, because the server was
    /// sealed or the store is unavailable.
    private func run(_ job: Job) async -> Bool {
        do {
            if job.isLeadersOnly { try await runAsLeader(job.run) } else { try await job.run() }
            failures.recordRecovery(job.name)
            return true
        } catch {
            guard services != nil else { return false }
            failures.record(job.name, error)
            guard case .unavailable? = StorageError(behind: error) else { return true }
            nodeStatus.suspectWrites()
            return false
        }
    }

    /// Revokes the leases that are due. The server calls it every second, apart from the other jobs, because an engine's database
    /// may keep it waiting.
    package func runLeaseJobs() async {
        guard let services else { return }
        do {
            try await runAsLeader { try await services.leases.runRound() }
            failures.recordRecovery(Self.leaseJobs)
        } catch {
            if self.services != nil { failures.record(Self.leaseJobs, error) }
        }
    }

    /// Tries to unseal a node whose seal does so automatically, if its store was uninitialized or unavailable before, or if an
    /// earlier attempt failed.
    private func openIfPossible() async {
        guard isSealed, nodeStatus.unsealsAutomatically else { return }
        do {
            try await start()
            failures.recordRecovery(Self.opening)
        } catch {
            failures.record(Self.opening, error)
        }
    }

    /// Stores the current time: every minute, and every second while it is unknown whether the store accepts writes. The result is
    /// what `sys/health` says about writes.
    private func probeStore(_ services: Services, isDue: Bool) async {
        guard isDue || nodeStatus.suspectsWrites else { return }
        do {
            if nodeStatus.suspectsWrites {
                try await services.clock.store(services.storage, always: true)
            } else {
                try await runAsLeader { try await services.clock.store(services.storage) }
            }
            if nodeStatus.noteWriteSucceeded() { logger.notice("the store accepts writes again") }
        } catch {
            guard self.services != nil, nodeStatus.noteWriteFailed() else { return }
            logger.error(
                "the store rejects writes, so sys/health answers 503: check the disk or the database of the store",
                metadata: RepeatedFailures.metadata(of: error)
            )
        }
    }

    /// Re-encrypts the records that older keys sealed, in the background. Continues where an interrupted run stopped.
    func resealInBackground() {
        Task.detached(priority: .background) { [self] in
            do {
                var report: ResealReport
                repeat {
                    report = try await seal.reseal()
                    logger.info(
                        "records re-sealed",
                        metadata: ["resealed": "\(report.resealed)", "unreadable": "\(report.unreadableCount)"])
                    // A rotation during the run leaves records for another pass.
                } while !report.isComplete
            } catch SealError.attemptInProgress {
                // The run in progress makes another pass, because the key was rotated during it.
            } catch {
                logger.warning(
                    "re-sealing older records failed; it continues after the next unseal or rotation",
                    metadata: ["kind": "\(type(of: error))"])
            }
        }
    }
}

extension StorageError {
    /// Creates the storage error that caused a failure, or nil if storage did not cause it.
    init?(behind error: any Error) {
        if let error = error as? StorageError {
            self = error
        } else if case .storage(let error)? = error as? SealError {
            self = error
        } else {
            return nil
        }
    }
}
