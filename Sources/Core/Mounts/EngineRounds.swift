import EngineKit
import Synchronization

/// Runs the periodic work of engines. A mount has at most one round in progress, and mounts do not wait for each other.
final class EngineRounds: Sendable {
    private let running = Mutex<Set<String>>([])

    /// Starts a round of every engine with periodic work whose last round has ended.
    func begin(_ mounts: some Sequence<Mount>, leads: Bool, term: UInt64?) {
        for mount in mounts {
            guard let engine = mount.periodic else { continue }
            let uuid = mount.entry.uuid
            guard running.withLock({ $0.insert(uuid).inserted }) else { continue }
            Task.detached { [self] in
                await LeaderTerm.$current.withValue(term) {
                    if leads { await engine.runRound() } else { await engine.runFollowerRound() }
                }
                _ = running.withLock { $0.remove(uuid) }
            }
        }
    }

    /// Waits until every engine has finished its work in progress.
    func finish(_ mounts: some Sequence<Mount>) async {
        await withTaskGroup { group in
            for engine in mounts.compactMap(\.periodic) { group.addTask { await engine.finish() } }
        }
    }
}

extension Core {
    /// Starts a round of every engine with periodic work. The server calls it every second.
    package func beginEngineRounds() {
        guard let services else { return }
        let (leads, term) = leadership
        engineRounds.begin(services.mounts.router.mounts.values, leads: leads, term: term)
    }
}
