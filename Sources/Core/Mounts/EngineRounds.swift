import EngineKit
import Synchronization

/// The periodic work of engines. A mount has at most one round in progress, and mounts do not wait for each other.
final class EngineRounds: Sendable {
    private let running = Mutex<Set<String>>([])

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

    /// Lets every engine end what it has under way.
    func finish(_ mounts: some Sequence<Mount>) async {
        await withTaskGroup { group in
            for engine in mounts.compactMap(\.periodic) { group.addTask { await engine.finish() } }
        }
    }
}

extension Core {
    /// Starts a round of every engine that has work of its own; the server calls it every second.
    package func beginEngineRounds() {
        guard let services else { return }
        let (leads, term) = leadership
        engineRounds.begin(services.mounts.router.mounts.values, leads: leads, term: term)
    }
}
