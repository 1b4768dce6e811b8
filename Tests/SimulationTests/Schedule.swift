import Barrier
import EngineKit
import Lifetimes

@testable import StorePostgres

/// Three nodes, callers who make and revoke tokens and rotate keys on all of them, and faults that a seed decides; then the
/// checks that must hold whatever happened.
final class Schedule: @unchecked Sendable {  // touched by the one thread that runs it
    struct Tree {
        var tokens: [String]
        var ids: [String]
        /// On record at the time, so that a failover which loses that changes nothing of what is expected.
        var isRevoked = false
        var isTried = false
    }

    let world: SimulatedWorld
    let database: SimulatedDatabase
    private let seed: UInt64
    private let isCalm: Bool
    private var nodes: [SimulatedNode] = []
    private var trees: [Tree] = []
    private var processes = 0
    private var share: String?
    private let outside: NodeExecutor
    private(set) var faults: [String] = []
    private var isFaulty = true
    private var isReplicating = true
    private var failOvers = 0
    /// Between two rotations of a node, at most.
    private let rotationMilliseconds: Int

    private static let names = ["a", "b", "c"]

    /// A calm schedule has no faults: then no node may lose its place.
    init(seed: UInt64, isCalm: Bool) {
        self.seed = seed
        self.isCalm = isCalm
        world = SimulatedWorld(seed: seed)
        database = SimulatedDatabase(world)
        outside = NodeExecutor(world)
        rotationMilliseconds = [20, 300, 1_500][world.random(0...2)]
    }

    /// What did not hold; empty when all did.
    func run(chaosSeconds: Double) -> [String] {
        for name in Self.names {
            let node = launch(name)
            guard world.run(seconds: 40, until: { node.tokens != nil }) else { return ["\(name) did not start"] }
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

    private func launch(_ name: String) -> SimulatedNode {
        processes += 1
        let node = SimulatedNode(name, process: processes, database)
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
                await world.sleep(milliseconds: 500)
                let next = launch(node.name)
                work(next)
            }
        }
    }

    private func kill(_ node: SimulatedNode) {
        node.executor.kill()
        database.gone.insert(node.process)
    }

    // MARK: Callers

    private func work(_ node: SimulatedNode) {
        node.task { [self] in
            while node.tokens == nil { await world.sleep(milliseconds: 100) }
            node.task { await self.read(node) }
            node.task { await self.read(node) }
            node.task { await self.makeAndRevoke(node) }
            node.task { await self.rotate(node) }
            node.task { await self.lead(node) }
        }
    }

    private func read(_ node: SimulatedNode) async {
        guard let tokens = node.tokens else { return }
        while node.isWorking {
            await world.sleep(milliseconds: world.random(20...200))
            guard node.membership.mayServe, let index = trees.indices.randomElement(using: &picks) else { continue }
            let (wasRevoked, lost) = (trees[index].isRevoked, failOvers)
            let token = trees[index].tokens[world.random(0...(trees[index].tokens.count - 1))]
            guard let found = try? await tokens.authenticate(token), wasRevoked, lost == failOvers else { continue }
            world.violated("\(node.name) accepted \(found.displayName) after its revocation was answered")
        }
    }

    private var picks: WorldPicks {
        get { WorldPicks(world: world) }
        set {}
    }

    private func makeAndRevoke(_ node: SimulatedNode) async {
        guard let tokens = node.tokens else { return }
        while node.isWorking {
            await world.sleep(milliseconds: world.random(20...300))
            if world.chance(50), let index = trees.indices.filter({ !trees[$0].isTried }).randomElement(using: &picks) {
                trees[index].isTried = true
                let id = trees[index].ids[0]
                let lost = failOvers
                let isDone = await node.call { try await tokens.revokeTree(id: id) }
                if isDone, lost == failOvers { trees[index].isRevoked = true }
            } else {
                _ = await node.call { try await self.make(tokens, node) }
            }
        }
    }

    private func make(_ tokens: TokenStore, _ node: SimulatedNode) async throws {
        let name = "tree \(trees.count) of \(node.name)"
        guard let parent = try await tokens.create(parent: nil, displayName: name, policies: ["p"], path: "x", configure: { _ in })
        else { return }
        var tree = Tree(tokens: [parent.token], ids: [parent.entry.id])
        for index in 0..<world.random(0...3) {
            let child = try await tokens.create(
                parent: parent.entry, displayName: "child \(index) of \(name)", policies: ["p"], path: "x", configure: { _ in })
            guard let child else { continue }
            tree.tokens.append(child.token)
            tree.ids.append(child.entry.id)
        }
        trees.append(tree)
    }

    private func rotate(_ node: SimulatedNode) async {
        for count in 0... {
            guard node.isWorking else { return }
            // A keyring of hundreds of terms only costs time.
            await world.sleep(milliseconds: world.random(5...(count < 40 ? rotationMilliseconds : 3_000)))
            _ = await node.call {
                if self.world.chance(40) {
                    _ = try await node.controller.rotate()
                } else {
                    try await node.controller.storeUsage()
                }
            }
        }
    }

    private func lead(_ node: SimulatedNode) async {
        guard let tokens = node.tokens else { return }
        while node.isWorking {
            await world.sleep(milliseconds: 5_000)
            guard let term = node.membership.leadingTerm else { continue }
            _ = await node.call {
                try await LeaderTerm.$current.withValue(term) { try await tokens.resumeRevocations() }
            }
        }
    }

    // MARK: Faults

    private func harm() async {
        Task(executorPreference: outside) { [self] in
            // The replica is a little behind; before a failover it may be far behind.
            while isFaulty {
                if isReplicating { database.replicate() }
                await world.sleep(milliseconds: world.random(1...1_500))
            }
        }
        while isFaulty {
            await world.sleep(milliseconds: world.random(100...4_000))
            guard isFaulty, let node = nodes.filter(\.isAlive).randomElement(using: &picks) else { continue }
            switch world.random(1...9) {
            case 1, 2: await restart(node)
            case 3: await stop(node, milliseconds: world.random(500...15_000))
            case 4: await cutOff(node, milliseconds: world.random(500...15_000))
            case 5:
                note("the database restarts")
                database.restart()
            case 6:
                note("a replica takes over")
                isReplicating = false
                await world.sleep(milliseconds: world.random(0...4_000))
                isReplicating = true
                loseWhatWasNotReplicated()
            case 7:
                note("the database's clock is set")
                database.clockOffset += Int64(world.random(-90...90)) * 1_000_000
            case 8:
                note("\(node.name) becomes slow")
                node.network.latencyMax = Int64([2_000, 50_000, 400_000][world.random(0...2)])
            default: forge(node)
            }
        }
    }

    private func note(_ fault: String) { faults.append("\(world.seconds): \(fault)") }

    private func restart(_ node: SimulatedNode) async {
        note("\(node.name) is killed")
        kill(node)
        await world.sleep(milliseconds: [10, 1_000, 12_000][world.random(0...2)])
        // The end of the faults may have started it meanwhile.
        guard nodes.first(where: { $0.name == node.name })?.isAlive != true else { return }
        work(launch(node.name))
    }

    private func stop(_ node: SimulatedNode, milliseconds: Int) async {
        note("\(node.name) is stopped for \(milliseconds) ms")
        node.executor.stop()
        await world.sleep(milliseconds: milliseconds)
        node.executor.goOn()
    }

    private func cutOff(_ node: SimulatedNode, milliseconds: Int) async {
        note("\(node.name) is cut off for \(milliseconds) ms")
        node.network.isCutOff = true
        await world.sleep(milliseconds: milliseconds)
        node.network.isCutOff = false
    }

    /// What was acknowledged and not replicated is gone, and nobody may expect it. What is revoked there stays so.
    private func loseWhatWasNotReplicated() {
        failOvers += 1
        database.failOver()
        for index in trees.indices {
            let records = trees[index].ids.map { database.tables.records["sys/token/id/\($0)"] }
            if records.contains(where: { $0 != nil }) { trees[index].isRevoked = false }
        }
    }

    private func forge(_ node: SimulatedNode) {
        guard let place = node.membership.place?.incarnation else { return }
        let sequence = database.tables.last + Int64(world.random(0...5))
        database.notify(world.chance(50) ? .seen(sequence, place) : .change(sequence, place))
    }

    private func heal() {
        for node in nodes {
            node.network.isCutOff = false
            node.network.latencyMax = 2_000
            if node.executor.isStopped { node.executor.goOn() }
        }
        for name in Self.names where nodes.first(where: { $0.name == name })?.isAlive != true { work(launch(name)) }
    }

    // MARK: Checks

    /// Every node serves again, and everything is answered.
    private func settle() -> Bool {
        let serves = world.run(seconds: 60) { nodes.allSatisfy { $0.tokens != nil && $0.membership.mayServe } }
        if !serves {
            for node in nodes where !node.membership.mayServe {
                world.violated("\(node.name) never serves again: \(node.membership.trouble ?? "it has not started")")
            }
        }
        // Time for the leader to look for what was interrupted.
        world.run(seconds: 40) { !hasInterrupted }
        world.run(seconds: 2)
        for node in nodes { node.isWorking = false }
        let isQuiet = world.run(seconds: 60) { nodes.allSatisfy { $0.unanswered == 0 } }
        if !isQuiet { for node in nodes where node.unanswered > 0 { world.violated("\(node.name) never answers a call") } }
        for node in nodes where !node.membership.mayServe { world.violated("\(node.name) stopped serving although all is well") }
        return serves && isQuiet
    }

    private var hasInterrupted: Bool {
        database.tables.records.keys.contains { $0.utf8.starts(with: "sys/token/revoking/".utf8) }
    }

    private func check() {
        if hasInterrupted {
            world.violated("a revocation that was interrupted was never finished")
        }
        for tree in trees {
            let left = tree.ids.filter { database.tables.records["sys/token/id/\($0)"] != nil }
            if !left.isEmpty, !left.contains(tree.ids[0]) { world.violated("descendants of a revoked token live on") }
            if tree.isRevoked, !left.isEmpty { world.violated("a revoked token is still on record") }
        }
        readEverything()
    }

    /// Whatever is on record opens on every node, with the keys that each of them has.
    private func readEverything() {
        let records = database.tables.records.keys.filter { !$0.utf8.starts(with: "core/".utf8) }.sorted()
        for node in nodes {
            node.task { [self] in
                for key in records {
                    let isRead = await node.call { _ = try await node.barrier.get(key) }
                    if !isRead { world.violated("\(node.name) cannot open \(key)") }
                }
                node.hasRead = true
            }
        }
        let isDone = world.run(seconds: 60) { nodes.allSatisfy(\.hasRead) }
        if !isDone { world.violated("records cannot be read") }
    }

    /// Every node ends in bounded time, also one that is cut off, and leaves no place behind where it can tell.
    private func end() {
        let cut = world.chance(30) ? nodes.randomElement(using: &picks) : nil
        cut?.network.isCutOff = true
        for node in nodes {
            node.task {
                await node.feed.stop()
                node.hasEnded = true
            }
        }
        if !world.run(seconds: 20, until: { nodes.allSatisfy(\.hasEnded) }) { world.violated("a node does not end") }
        for (name, row) in database.tables.nodes
        where cut?.process != row.process && nodes.contains(where: { $0.process == row.process }) {
            world.violated("\(name) of \(row.name) left its place behind")
        }
    }
}

private struct WorldPicks: RandomNumberGenerator {
    let world: SimulatedWorld

    mutating func next() -> UInt64 { UInt64(world.random(0...Int.max)) }
}
