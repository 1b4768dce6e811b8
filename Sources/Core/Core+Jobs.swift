import Barrier
import EngineKit
import Lifetimes
import Logging

/// What happens without being asked.
extension Core {
    private static let periodicJobs = "a periodic job"
    private static let leaseJobs = "revoking leases"
    private static let opening = "opening the store"

    /// One round of the periodic jobs; the server calls it every second.
    package func runJobs(round: Int) async {
        await openIfPossible()
        guard let services else { return }
        await probeStore(services, isDue: round % 60 == 0)
        if round % 5 == 0, services.audit.isBlocked { services.audit.retryFailed() }
        do {
            try await leading {
                try await takeOver(services)
                // As many as end in a busy second, and not so many that the rest waits for long.
                if round % 60 == 0 { try await rotateKeyIfDue() }
                for _ in 0..<20 where try await services.tokens.expireDue(limit: 500) < 500 { break }
                if round % Self.secondsBetweenLooks == 0 { try await finishInterrupted(services) }
            }
            if round % 10 == 0 { try await services.audit.storeCheckpoints() }
            if round % 60 == 0 { try await seal.storeUsage() }
            faults.over(Self.periodicJobs)
        } catch {
            // Sealed meanwhile, or the storage is away: the next round tries again.
            guard self.services != nil else { return }
            faults.note(Self.periodicJobs, error)
            condition.suspect()
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
            if condition.writesSucceed() { logger.notice("the store takes writes again") }
        } catch {
            guard self.services != nil, condition.writeFailed() else { return }
            logger.error(
                "the store takes no writes; health says 503 until it does", metadata: RepeatedFaults.described(error))
        }
    }

    /// Re-seals older records, from where an interrupted run stopped.
    func resealInBackground() {
        Task.detached(priority: .background) { [self] in
            do {
                let report = try await seal.reseal()
                logger.info(
                    "records re-sealed", metadata: ["resealed": "\(report.resealed)", "unreadable": "\(report.unreadableCount)"])
            } catch {
                logger.warning(
                    "re-sealing stopped; it goes on after the next unseal or rotation", metadata: ["kind": "\(type(of: error))"])
            }
        }
    }
}
