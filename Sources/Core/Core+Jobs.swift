import Barrier
import EngineKit
import Lifetimes
import Logging

/// What happens without being asked.
extension Core {
    /// One round of the periodic jobs; the server calls it every second.
    package func runJobs(round: Int) async {
        guard let services else { return }
        do {
            try await leading {
                try await takeOver(services)
                // As many as end in a busy second, and not so many that the rest waits for long.
                if round % 60 == 0 { try await rotateKeyIfDue() }
                for _ in 0..<20 where try await services.tokens.expireDue(limit: 500) < 500 { break }
            }
            if round % 10 == 0 { try await services.audit.storeCheckpoints() }
            if round % 60 == 0 { try await seal.storeUsage() }
        } catch {
            // Sealed meanwhile, or the storage is away: the next round tries again.
            if self.services != nil {
                logger.warning("a periodic job failed; it will be tried again", metadata: ["kind": "\(type(of: error))"])
            }
        }
    }

    /// One round of what leases need; the server calls it every second, apart from the other jobs, because an engine's
    /// database may keep it waiting.
    package func runLeaseJobs() async {
        guard let services else { return }
        do {
            try await leading { try await services.leases.runRound() }
        } catch {
            if self.services != nil {
                logger.warning("revoking leases failed; it will be tried again", metadata: ["kind": "\(type(of: error))"])
            }
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
