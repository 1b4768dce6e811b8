import Barrier
import EngineKit
import Lifetimes
import Logging

/// What happens without being asked.
extension Core {
    private static let leaseJobs = "revoking leases"
    private static let opening = "opening the store"

    /// One of the periodic jobs.
    private struct Job {
        /// For the log.
        var name: String
        var isDue = true
        /// On a node that leads, or alone.
        var isLeaders = false
        var run: () async throws -> Void
    }

    /// One round of the periodic jobs; the server calls it every second.
    package func runJobs(round: Int) async {
        await openIfPossible()
        guard let services else { return }
        await probeStore(services, isDue: round % 60 == 0)
        if round % 5 == 0, services.audit.isBlocked { services.audit.retryFailed() }
        remindOfAudit(services)
        for job in jobs(services, round: round) where job.isDue {
            guard await run(job) else { return }
        }
    }

    private func jobs(_ services: Services, round: Int) -> [Job] {
        [
            Job(name: "taking over from the last leader", isLeaders: true) { [self] in
                if let term = leadership.term { try await services.unfinished.takeOver(in: term) }
            },
            Job(name: "rotating the encryption key", isDue: round % 60 == 0, isLeaders: true) { [self] in
                try await rotateKeyIfDue()
            },
            Job(name: "revoking expired tokens", isLeaders: true) {
                // As many as end in a busy second, and not so many that the rest waits for long.
                for _ in 0..<20 where try await services.tokens.expireDue(limit: 500) < 500 { break }
            },
            Job(
                name: "finishing interrupted work", isDue: round % UnfinishedWork.secondsBetweenLooks == 0, isLeaders: true
            ) { try await services.unfinished.look() },
            Job(name: "storing the audit checkpoints", isDue: round % 10 == 0) { try await services.audit.storeCheckpoints() },
            Job(name: "storing the count of encryptions", isDue: round % 60 == 0) { [seal] in try await seal.storeUsage() },
        ]
    }

    /// A job that fails does not keep the others from running, unless the store is away, which they all need: then false.
    private func run(_ job: Job) async -> Bool {
        do {
            if job.isLeaders { try await leading(job.run) } else { try await job.run() }
            faults.over(job.name)
            return true
        } catch {
            // Sealed meanwhile.
            guard services != nil else { return false }
            faults.note(job.name, error)
            guard case .unavailable? = StorageError(behind: error) else { return true }
            condition.suspect()
            return false
        }
    }

    /// One round of what leases need; the server calls it every second, apart from the other jobs, because an engine's
    /// database may keep it waiting.
    package func runLeaseJobs() async {
        guard let services else { return }
        do {
            try await leading { try await services.leases.runRound() }
            faults.over(Self.leaseJobs)
        } catch {
            if self.services != nil { faults.note(Self.leaseJobs, error) }
        }
    }

    /// A node that found no store, or could not open it, opens as soon as another has made it or the cause is gone.
    private func openIfPossible() async {
        guard isSealed, condition.mayOpenByItself else { return }
        do {
            try await start()
            faults.over(Self.opening)
        } catch {
            faults.note(Self.opening, error)
        }
    }

    /// Writes how late it is: each minute, and every second while writes are in doubt. What comes of it is what health says of
    /// writes.
    private func probeStore(_ services: Services, isDue: Bool) async {
        guard isDue || condition.isSuspect else { return }
        do {
            if condition.isSuspect {
                try await services.clock.store(services.storage, always: true)
            } else {
                try await leading { try await services.clock.store(services.storage) }
            }
            if condition.writesSucceed() { logger.notice("the store accepts writes again") }
        } catch {
            guard self.services != nil, condition.writeFailed() else { return }
            logger.error(
                "the store rejects writes; sys/health answers 503 until it recovers", metadata: RepeatedFaults.described(error))
        }
    }

    /// Re-seals older records, from where an interrupted run stopped.
    func resealInBackground() {
        Task.detached(priority: .background) { [self] in
            do {
                var report: ResealReport
                repeat {
                    report = try await seal.reseal()
                    logger.info(
                        "records re-sealed",
                        metadata: ["resealed": "\(report.resealed)", "unreadable": "\(report.unreadableCount)"])
                    // After a rotation in between its records wait for this run.
                } while !report.isComplete
            } catch SealError.attemptInProgress {
                // The run under way begins again when it ends and finds that the key was rotated meanwhile.
            } catch {
                logger.warning(
                    "re-sealing stopped; it goes on after the next unseal or rotation", metadata: ["kind": "\(type(of: error))"])
            }
        }
    }
}

extension StorageError {
    /// What the store said, where that is why something failed.
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
