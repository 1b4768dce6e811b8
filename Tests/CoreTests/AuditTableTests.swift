import Core
import EngineKit
import Foundation
import Synchronization
import Syntax
import TestSupport
import Testing

private struct SharedCluster: Cluster {
    let mayServe = true
    let leadingTerm: UInt64? = nil
    let nodes: [ClusterNode] = []
    func offerToLead(_ isOffered: Bool) {}
}

@Suite("Audit devices of several nodes")
struct AuditTableTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func settings(_ node: String, _ directories: [String]? = nil) -> CoreSettings {
        var settings = CoreSettings()
        settings.nodeID = node
        settings.auditDirectories = directories ?? [directory.path]
        return settings
    }

    private func enable(_ harness: CoreHarness, _ path: String) async -> CoreHarness.Answer {
        await harness.ask(
            .update, "sys/audit/\(path)",
            ["type": "file", "options": ["file_path": .string(directory.file("\(path)-{{node}}.log"))]])
    }

    @Test("of two nodes that enable a device of one name, the second is refused and keeps the first's")
    func lostRace() async throws {
        let base = MemoryStorage()
        let storage = HookedStorage(base)
        let first = try await CoreHarness.make(storage: base, settings: settings("a"), cluster: SharedCluster())
        let second = try first.beside(storage: storage, cluster: SharedCluster(), settings: settings("b"))
        try await second.core.start()
        storage.beforeCommit { [weak storage] keys throws(StorageError) in
            guard keys.contains("sys/audit") else { return }
            storage?.beforeCommit(nil)
            // The first node is a moment sooner, and the second hears of it.
            #expect(await enable(first, "file").isSuccess)
            try? await second.core.drop(.keys(["sys/audit"]))
        }
        #expect(await enable(second, "file").error?.messages.first?.contains("path already in use") == true)
        // What the table has is what both write to.
        for harness in [first, second] {
            try await harness.core.drop(.keys(["sys/audit"]))
            let devices = await harness.ask(.read, "sys/audit").data
            #expect(devices?.count == 1)
            #expect(devices?["file/"]?["failure"] == nil)
        }
        for node in ["a", "b"] {
            let text = try String(contentsOfFile: directory.file("file-\(node).log"), encoding: .utf8)
            #expect(text.contains("\"sys/audit\""), "\(node) records")
            #expect(!text.contains("\"type\":\"break\""), "\(node) takes what the other way round was begun for damage")
        }
    }

    @Test("a node that cannot open a device keeps it, says so in health and in its table, and serves by its others")
    func degraded() async throws {
        let base = MemoryStorage()
        let other = try TemporaryDirectory()
        let first = try await CoreHarness.make(
            storage: base, settings: settings("a", [directory.path, other.path]), cluster: SharedCluster())
        let second = try first.beside(storage: base, cluster: SharedCluster(), settings: settings("b", [other.path]))
        #expect(await enable(first, "file").isSuccess)
        try await second.core.start()
        let only = await second.ask(.read, "sys/mounts")
        #expect(only.error?.messages.first?.contains("restart the server if its configuration had to change") == true)
        #expect(await second.ask(.read, "sys/health", token: nil).data?["unavailable"] == "audit")
        #expect(await first.ask(.read, "sys/health", token: nil).data?["unavailable"] == nil)

        // One that works is enough.
        let more = await first.ask(
            .update, "sys/audit/more",
            ["type": "file", "options": ["file_path": .string(other.file("more-{{node}}.log"))]])
        #expect(more.isSuccess)
        try await second.core.drop(.keys(["sys/audit"]))
        let devices = await second.ask(.read, "sys/audit").data
        #expect(devices?["file/"]?["failure"]?.stringValue?.contains("audit_dirs") == true)
        #expect(devices?["more/"]?["failure"] == nil)
        let health = await second.ask(.read, "sys/health", token: nil).data
        #expect(health?["degraded"] == "audit" && health?["unavailable"] == nil)
        #expect(await first.ask(.read, "sys/health", token: nil).data?["degraded"] == nil)
    }

    @Test("the path of one device is not below another's, as in OpenBao")
    func nestedPaths() async throws {
        let harness = try await CoreHarness.make(settings: settings("a"))
        let enable = { (path: String) in
            await harness.ask(
                .update, "sys/audit/\(path)",
                ["type": "file", "options": ["file_path": .string(self.directory.file(path.replacing("/", with: "-") + ".log"))]])
        }
        #expect(await enable("a/b").isSuccess)
        for (path, conflict) in [("a/b", ""), ("a/b/c", " at a/b/"), ("a", " at a/b/")] {
            let refused = try #require(await enable(path).error)
            #expect(refused.code == .invalidRequest)
            let message = refused.messages.first ?? ""
            #expect(message.hasPrefix("path already in use") && message.hasSuffix(conflict), "\(path): \(message)")
        }
        // Siblings, whose names begin alike.
        for path in ["a/bc", "a/c", "ab"] { #expect(await enable(path).isSuccess) }
        #expect(await harness.ask(.read, "sys/audit").data?.count == 4)
    }
}
