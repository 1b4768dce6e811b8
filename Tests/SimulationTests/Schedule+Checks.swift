import Barrier
import Lifetimes

@testable import Core
@testable import StorePostgres

extension Schedule {
    /// Every node serves again, everything is answered, somebody leads and has finished what was interrupted.
    func settle() -> Bool {
        let serves = world.run(seconds: 60) { nodes.allSatisfy { $0.unfinished != nil && $0.membership.mayServe } }
        if !serves {
            for node in nodes where !node.membership.mayServe {
                world.violated("\(node.name) never serves again: \(node.membership.trouble ?? "it has not started")")
            }
        }
        world.run(seconds: 2)
        for node in nodes { node.isWorking = false }
        if !world.run(seconds: 30, until: { nodes.contains { $0.membership.leadingTerm != nil } }) {
            world.violated("nobody leads")
        }
        // A removal is left alone for a minute, in each term.
        world.run(seconds: 100) { !isAnythingUnfinished }
        for node in nodes { node.isLeading = false }
        let isQuiet = world.run(seconds: 60) { nodes.allSatisfy { $0.unanswered == 0 } }
        if !isQuiet { for node in nodes where node.unanswered > 0 { world.violated("\(node.name) never answers a call") } }
        for node in nodes where !node.membership.mayServe { world.violated("\(node.name) stopped serving although all is well") }
        return serves && isQuiet
    }

    private var isAnythingUnfinished: Bool {
        ["sys/token/revoking/", "sys/unmounting/"].contains { !database.tables.records.keys(below: $0).isEmpty }
    }

    func check() {
        if !database.tables.records.keys(below: "sys/token/revoking/").isEmpty {
            world.violated("a revocation that was interrupted was never finished")
        }
        if !database.tables.records.keys(below: "sys/unmounting/").isEmpty {
            world.violated("a removal that was interrupted was never finished")
        }
        checkTokens()
        checkMounts()
        askEverybody()
        readEverything()
    }

    private func checkTokens() {
        for tree in trees {
            for (index, member) in tree.members.enumerated() where isOnRecord(member) {
                let line = tree.line(of: index)
                if line.contains(where: { !isOnRecord(tree.members[$0]) }) {
                    world.violated("a descendant of a revoked token lives on, in \(tree.name)")
                    break
                }
                if line.contains(where: { tree.members[$0].isRevoked }) {
                    world.violated("a revoked token is still on record, in \(tree.name)")
                    break
                }
            }
        }
        // What nobody was told of too: a token that was made by a node which died.
        let records = database.tables.records
        for key in records.keys(below: "sys/token/child/") {
            let parent = key.split(separator: "/")[3]
            if records["sys/token/id/\(parent)"] == nil { return world.violated("a family outlives who began it: \(key)") }
        }
        for key in records.keys(below: "sys/token/expiry/") {
            let id = key.split(separator: "/")[4]
            if records["sys/token/id/\(id)"] == nil { return world.violated("an end of no token is on record: \(key)") }
        }
        let tokens = records.keys(below: "sys/token/id/").count
        let accessors = records.keys(below: "sys/token/accessor/").count
        if tokens != accessors { world.violated("there are \(tokens) tokens and \(accessors) accessors") }
    }

    private func checkMounts() {
        guard let entries = nodes[0].mounts?.entries else { return }
        for node in nodes where node.mounts?.entries.map(\.uuid) != entries.map(\.uuid) {
            world.violated("\(node.name) knows other mounts than \(nodes[0].name)")
        }
        for mount in mounts {
            let isThere = entries.contains { $0.uuid == mount.entry.uuid }
            let records = database.tables.records.keys(below: mount.entry.storagePrefix)
            if mount.isRemoved, isThere { world.violated("\(mount.entry.path) is there although its removal was answered") }
            if mount.isReady, !isThere, !records.isEmpty {
                world.violated("\(records.count) records of \(mount.entry.path) are left, which is gone")
            }
        }
    }

    private static let askedMax = 300

    /// A token is accepted by every node when all that it descends from is on record, and else by none.
    private func askEverybody() {
        var asked: [(token: String, name: String, isGood: Bool)] = []
        for tree in trees {
            for (index, member) in tree.members.enumerated() {
                asked.append((member.token, tree.name, tree.line(of: index).allSatisfy { isOnRecord(tree.members[$0]) }))
            }
        }
        asked.shuffle(using: &picks)
        let some = asked.prefix(Self.askedMax)
        forEachNode("tokens cannot be looked up") { [world] node in
            for (token, name, isGood) in some {
                var found: Bool?
                _ = await node.call { found = try await node.tokens?.authenticate(token) != nil }
                guard found != isGood else { continue }
                let what = found.map { $0 ? "accepts a token whose family is revoked" : "refuses a token that is good" }
                world.violated("\(node.name) \(what ?? "cannot look up a token"), in \(name)")
            }
        }
    }

    private static let readMax = 400

    /// Whatever is on record opens on every node, with the keys that each of them has.
    private func readEverything() {
        var records = database.tables.records.keys.filter { !$0.utf8.starts(with: "core/".utf8) }
        records.shuffle(using: &picks)
        let some = records.prefix(Self.readMax)
        forEachNode("records cannot be read") { [world] node in
            for key in some {
                let isRead = await node.call { _ = try await node.barrier.get(key) }
                if !isRead { world.violated("\(node.name) cannot open \(key)") }
            }
        }
    }

    private func forEachNode(_ failure: String, _ body: @escaping @Sendable (SimulatedNode) async -> Void) {
        for node in nodes {
            node.isAsked = true
            node.task {
                await body(node)
                node.isAsked = false
            }
        }
        if !world.run(seconds: 60, until: { nodes.allSatisfy { !$0.isAsked } }) { world.violated(failure) }
    }

    /// Every node ends in bounded time, also one that is cut off, and leaves no place behind where it can tell.
    func end() {
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
