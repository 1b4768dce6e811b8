import EngineKit
import Lifetimes

@testable import StorePostgres

/// Three nodes, callers who make and revoke tokens, mount and unmount and rotate keys on all of them, and faults that a seed
/// decides; then the checks that must hold whatever happened.
final class Schedule: @unchecked Sendable {  // touched by the one thread that runs it
    /// For the end of a run.
    struct Counts {
        var schedules = 0
        var steps = 0
        var tokens = 0
        var faults = 0
        var kills = 0
        var leaders = 0
        var interruptedRevocations = 0
        var interruptedRemovals = 0

        static func + (a: Counts, b: Counts) -> Counts {
            Counts(
                schedules: a.schedules + b.schedules, steps: a.steps + b.steps, tokens: a.tokens + b.tokens,
                faults: a.faults + b.faults, kills: a.kills + b.kills, leaders: a.leaders + b.leaders,
                interruptedRevocations: a.interruptedRevocations + b.interruptedRevocations,
                interruptedRemovals: a.interruptedRemovals + b.interruptedRemovals)
        }
    }

    let world: SimulatedWorld
    let database: SimulatedDatabase
    let isCalm: Bool
    let planted: PlantedFault?
    var nodes: [SimulatedNode] = []
    var trees: [TokenTree] = []
    var mounts: [SimulatedMount] = []
    private var processes = 0
    private var share: String?
    let outside: NodeExecutor
    var faults: [String] = []
    var isFaulty = true
    var isReplicating = true
    var failOvers = 0
    var counted = Counts(schedules: 1)
    /// Families of hundreds that are still to be made.
    var largeTrees: Int
    /// When a token's record was first seen to be gone, by its id.
    var goneSince: [String: Int64] = [:]
    /// Between two rotations of a node, at most.
    let rotationMilliseconds: Int

    static let names = ["a", "b", "c"]

    /// A calm schedule has no faults: then no node may lose its place.
    init(seed: UInt64, isCalm: Bool, planted: PlantedFault? = nil) {
        self.isCalm = isCalm
        self.planted = planted
        world = SimulatedWorld(seed: seed)
        database = SimulatedDatabase(world)
        outside = NodeExecutor(world)
        rotationMilliseconds = [20, 300, 1_500][world.random(0...2)]
        largeTrees = world.chance(50) ? world.random(1...2) : 0
    }

    var counts: Counts {
        var counts = counted
        (counts.steps, counts.faults, counts.leaders) = (world.steps, faults.count, database.claims)
        counts.tokens = trees.reduce(0) { $0 + $1.members.count }
        return counts
    }

    /// What did not hold; empty when all did.
    func run(chaosSeconds: Double) -> [String] {
        for name in Self.names {
            let node = launch(name)
            guard world.run(seconds: 40, until: { node.unfinished != nil }) else { return ["\(name) did not start"] }
        }
        let places = nodes.map { $0.membership.place }
        for node in nodes { work(node) }
        // To be slow is no fault.
        nodes[world.random(0...2)].network.latencyMax = Int64(world.random(1...40)) * 1_000
        if !isCalm { Task(executorPreference: outside) { await self.harm() } }
        world.run(seconds: chaosSeconds)
        if isCalm {
            for (node, place) in zip(nodes, places) where node.membership.place != place {
                world.violated("\(node.name) lost its place although nothing failed")
            }
        }
        isFaulty = false
        heal()
        guard settle() else { return world.violations }
        check()
        end()
        return world.violations
    }

    // MARK: Nodes

    @discardableResult
    func launch(_ name: String) -> SimulatedNode {
        processes += 1
        let node = SimulatedNode(name, process: processes, database, planted: planted)
        nodes.removeAll { $0.name == name }
        nodes.append(node)
        start(node)
        return node
    }

    private func start(_ node: SimulatedNode) {
        node.task { [self] in
            do {
                share = try await node.start(share: share)
            } catch {
                // The database was not there: it starts again, as a supervisor has it.
                guard node.isAlive else { return }
                kill(node)
                startAgain(node, afterMilliseconds: 500)
            }
        }
    }

    /// Apart from the node, whose tasks run no more.
    func startAgain(_ node: SimulatedNode, afterMilliseconds pause: Int) {
        Task(executorPreference: outside) { [self] in
            await world.sleep(milliseconds: pause)
            // The end of the faults may have started it meanwhile.
            guard nodes.first(where: { $0.name == node.name })?.isAlive != true else { return }
            work(launch(node.name))
        }
    }

    func kill(_ node: SimulatedNode) {
        counted.kills += 1
        counted.interruptedRevocations += node.revoking
        counted.interruptedRemovals += node.removing
        node.executor.kill()
        database.gone.insert(node.process)
    }

    /// Draws from the world.
    var picks: WorldPicks {
        get { WorldPicks(world: world) }
        set {}
    }
}

struct WorldPicks: RandomNumberGenerator {
    let world: SimulatedWorld

    mutating func next() -> UInt64 { UInt64(world.random(0...Int.max)) }
}
