@testable import StorePostgres

extension Schedule {
    func harm() async {
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
            // A fault that only shows after a failover is looked for with failovers alone.
            switch planted == .noWaits ? 6 : world.random(1...9) {
            case 1, 2: restart(node)
            case 3: await stop(node, milliseconds: world.random(500...15_000))
            case 4: await cutOff(node, milliseconds: world.random(500...15_000))
            case 5: restartDatabase()
            case 6:
                note("a replica takes over")
                isReplicating = false
                await world.sleep(milliseconds: world.random(0...4_000))
                isReplicating = true
                // The checks have begun meanwhile, and nothing may be lost any more.
                guard isFaulty else { return }
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

    /// Strikes while the node is in the middle of a revocation or a removal, unless it is done by then.
    func lieInWait(for node: SimulatedNode) {
        guard isFaulty, !isCalm else { return }
        Task(executorPreference: outside) { [self] in
            await world.sleep(milliseconds: world.random(1...[20, 200, 1_500][world.random(0...2)]))
            guard isFaulty, node.isAlive, node.revoking + node.removing > 0 else { return }
            switch world.random(1...6) {
            case 1, 2, 3: restart(node)
            case 4: await stop(node, milliseconds: world.random(500...15_000))
            case 5: await cutOff(node, milliseconds: world.random(500...15_000))
            default:
                if let leader = nodes.first(where: { $0.isAlive && $0.membership.leadingTerm != nil }) { restart(leader) }
                if world.chance(50) { restartDatabase() }
            }
        }
    }

    private func note(_ fault: String) { faults.append("\(world.seconds): \(fault)") }

    private func restart(_ node: SimulatedNode) {
        note("\(node.name) is killed")
        kill(node)
        startAgain(node, afterMilliseconds: [10, 1_000, 12_000][world.random(0...2)])
    }

    private func restartDatabase() {
        note("the database restarts")
        database.restart()
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
        if isFaulty { node.network.isCutOff = false }
    }

    /// What was acknowledged and not replicated is gone, and nobody may expect it. What is revoked there stays so.
    private func loseWhatWasNotReplicated() {
        failOvers += 1
        database.failOver()
        goneSince = [:]
        for tree in trees.indices {
            for member in trees[tree].members.indices where trees[tree].members[member].isRevoked {
                let isLeft = trees[tree].family(of: member).contains { isOnRecord(trees[tree].members[$0]) }
                if isLeft { trees[tree].members[member].isRevoked = false }
            }
        }
        for index in mounts.indices { mounts[index].isRemoved = false }
    }

    func isOnRecord(_ member: TokenTree.Member) -> Bool { database.tables.records["sys/token/id/\(member.id)"] != nil }

    private func forge(_ node: SimulatedNode) {
        guard let place = node.membership.place?.incarnation else { return }
        let sequence = database.tables.last + Int64(world.random(0...5))
        database.notify(world.chance(50) ? .seen(sequence, place) : .change(sequence, place))
    }

    func heal() {
        for node in nodes {
            node.network.isCutOff = false
            node.network.latencyMax = 2_000
            if node.executor.isStopped { node.executor.goOn() }
        }
        for name in Self.names where nodes.first(where: { $0.name == name })?.isAlive != true { work(launch(name)) }
    }
}
