import Barrier
import EngineKit
import Lifetimes

@testable import Core
@testable import StorePostgres

/// A mount and the records below it.
struct SimulatedMount {
    var entry: MountEntry
    /// Made, with all its records, and no failover came between.
    var isReady = false
    var isTried = false
    /// That was answered; a failover which loses it takes this back.
    var isRemoved = false
}

extension Schedule {
    func work(_ node: SimulatedNode) {
        node.task { [self] in
            while node.unfinished == nil { await world.sleep(milliseconds: 100) }
            node.task { await self.read(node) }
            node.task { await self.read(node) }
            node.task { await self.makeAndRevoke(node) }
            node.task { await self.mountAndUnmount(node) }
            node.task { await self.rotate(node) }
            node.task { await self.lead(node) }
        }
    }

    private func lead(_ node: SimulatedNode) async {
        for round in 0... {
            guard node.isLeading else { return }
            _ = await node.call { try await node.lead(round: round) }
            await world.sleep(milliseconds: 1_000)
        }
    }

    private func rotate(_ node: SimulatedNode) async {
        for count in 0... {
            // A keyring of hundreds of terms only costs time.
            await world.sleep(milliseconds: world.random(5...(count < 40 ? rotationMilliseconds : 3_000)))
            guard node.isWorking else { return }
            _ = await node.call {
                if self.world.chance(40) {
                    _ = try await node.controller.rotate()
                } else {
                    try await node.controller.storeUsage()
                }
            }
        }
    }

    // MARK: Reading

    /// Longer than a node serves which has not heard of a change.
    private static let staleMicrosecondsMax: Int64 = 15_000_000

    private func read(_ node: SimulatedNode) async {
        guard let tokens = node.tokens else { return }
        while node.isWorking {
            await world.sleep(milliseconds: world.random(20...200))
            guard node.isWorking else { return }
            guard node.membership.mayServe, let index = trees.indices.randomElement(using: &picks) else { continue }
            let member = world.random(0...(trees[index].members.count - 1))
            let line = trees[index].line(of: member)
            let wasRevoked = line.contains { trees[index].members[$0].isRevoked }
            let wasGone = line.contains { isLongGone(trees[index].members[$0].id) }
            let lost = failOvers
            guard wasRevoked || wasGone else {
                _ = try? await tokens.authenticate(trees[index].members[member].token)
                continue
            }
            guard let found = try? await tokens.authenticate(trees[index].members[member].token), lost == failOvers,
                node.membership.mayServe
            else { continue }
            world.violated(
                wasRevoked
                    ? "\(node.name) accepted \(found.displayName) after its revocation was answered"
                    : "\(node.name) accepted \(found.displayName) long after what it descends from was gone")
        }
    }

    private func isLongGone(_ id: String) -> Bool {
        guard database.tables.records["sys/token/id/\(id)"] == nil else { return false }
        let since = goneSince[id] ?? world.microseconds
        goneSince[id] = since
        return world.microseconds - since > Self.staleMicrosecondsMax
    }

    // MARK: Tokens

    private func makeAndRevoke(_ node: SimulatedNode) async {
        guard let tokens = node.tokens else { return }
        while node.isWorking {
            await world.sleep(milliseconds: world.random(20...300))
            guard node.isWorking else { return }
            if world.chance(50), let tree = trees.indices.filter({ !trees[$0].isTried }).randomElement(using: &picks) {
                let isLarge = trees[tree].members.count > 20
                // A part of a family now and then.
                let member = isLarge && world.chance(30) ? world.random(0...(trees[tree].members.count - 1)) : 0
                await revoke(tree, member, node, tokens)
            } else {
                _ = await node.call { try await self.make(tokens, node) }
            }
        }
    }

    private func revoke(_ tree: Int, _ member: Int, _ node: SimulatedNode, _ tokens: TokenStore) async {
        trees[tree].members[member].isTried = true
        let id = trees[tree].members[member].id
        let lost = failOvers
        node.revoking += 1
        if world.chance(trees[tree].members.count > 20 ? 60 : 5) { lieInWait(for: node) }
        let isDone = await node.call { try await tokens.revokeTree(id: id) }
        node.revoking -= 1
        if !isDone { counted.interruptedRevocations += 1 }
        if isDone, lost == failOvers { trees[tree].members[member].isRevoked = true }
    }

    private func make(_ tokens: TokenStore, _ node: SimulatedNode) async throws {
        let name = "tree \(trees.count) of \(node.name)"
        let ends = world.chance(50)
        guard
            let first = try await tokens.create(
                parent: nil, displayName: name, policies: ["p"], path: "x",
                configure: { if ends { $0.expiresAt = world.now().adding(seconds: 1_000_000) } })
        else { return }
        let tree = trees.count
        trees.append(TokenTree(name: name, members: [.init(token: first.token, id: first.entry.id)]))
        let isLarge = largeTrees > 0 && world.chance(40)
        if isLarge { largeTrees -= 1 }
        let generations = isLarge ? world.random(1...5) : 1
        let width = isLarge ? world.random(40...300) / generations : world.random(0...3)
        var parents = [(index: 0, entry: first.entry)]
        for _ in 0..<generations {
            let above = parents
            let results = await concurrently(Array(0..<width), width: isLarge ? 16 : 1) { [self] number in
                let (parent, entry) = above[number % above.count]
                let made = try await tokens.create(
                    parent: entry, displayName: "child of \(name)", policies: ["p"], path: "x",
                    configure: { if ends { $0.expiresAt = world.now().adding(seconds: 1_000_000) } })
                guard let made else { return (index: 0, entry: TokenEntry?.none) }
                trees[tree].members.append(.init(token: made.token, id: made.entry.id, parent: parent))
                return (index: trees[tree].members.count - 1, entry: Optional(made.entry))
            }
            parents = results.compactMap { result in
                guard let (index, entry) = try? result.get(), let entry else { return nil }
                return (index, entry)
            }
            // Of few, so that a family has long lines.
            parents = Array(parents.prefix(world.random(1...20)))
            guard !parents.isEmpty else { return }
        }
    }

    // MARK: Mounts

    private func mountAndUnmount(_ node: SimulatedNode) async {
        guard let table = node.mounts else { return }
        while node.isWorking {
            await world.sleep(milliseconds: world.random(500...5_000))
            guard node.isWorking else { return }
            let ready = mounts.indices.filter { mounts[$0].isReady && !mounts[$0].isTried }
            if world.chance(60), let mount = ready.randomElement(using: &picks) {
                await unmount(mount, node, table)
            } else if mounts.count < 10 {
                _ = await node.call { try await self.mount(node, table) }
            }
        }
    }

    private func mount(_ node: SimulatedNode, _ table: MountTable) async throws {
        let name = "m\(mounts.count)"
        let entry = MountEntry(uuid: name, path: "\(name)/", type: "none", mountClass: .secret, accessor: "none_\(name)")
        let (index, lost) = (mounts.count, failOvers)
        mounts.append(SimulatedMount(entry: entry))
        try await table.change { $0.append(entry) }
        let count = world.chance(30) ? world.random(100...200) : world.random(1...20)
        _ = await concurrently(Array(0..<count), width: 16) { number in
            var batch = Batch()
            batch.put("\(entry.storagePrefix)\(number)", [1, 2, 3])
            try await node.barrier.commit(batch)
        }
        mounts[index].isReady = lost == failOvers
    }

    private func unmount(_ index: Int, _ node: SimulatedNode, _ table: MountTable) async {
        mounts[index].isTried = true
        let (entry, lost) = (mounts[index].entry, failOvers)
        node.removing += 1
        if world.chance(40) { lieInWait(for: node) }
        let isDone = await node.call { try await table.remove(entry) }
        node.removing -= 1
        if !isDone { counted.interruptedRemovals += 1 }
        if isDone, lost == failOvers { mounts[index].isRemoved = true }
    }
}
