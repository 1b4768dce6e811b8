import Core
import EngineKit
import Foundation
import Synchronization
import Syntax
import TestSupport
import Testing

@Suite("Opening and sealing over a store that fails")
struct FailedOpeningTests {
    private let directory = NSTemporaryDirectory() + "opening-" + UUID().uuidString
    private var settings: CoreSettings {
        var settings = CoreSettings()
        settings.auditDirectories = [directory]
        return settings
    }

    private func audited(_ storage: any Storage) async throws -> CoreHarness {
        try await CoreHarness.audited(in: directory, storage: storage)
    }

    @Test("an attempt to open that fails lets go of the audit files", arguments: ["sys/mounts", "sys/cluster"])
    func opening(_ key: String) async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let base = MemoryStorage()
        let first = try await audited(base)
        await first.core.close()
        let storage = HookedStorage(base)
        let second = try first.beside(storage: storage, cluster: nil, settings: settings)
        storage.failOnce(get: key)
        await #expect(throws: (any Error).self) { try await second.core.start() }
        #expect(second.core.isSealed)
        await second.core.runJobs(round: 1)
        #expect(!second.core.isSealed)
        #expect(await second.ask(.read, "sys/mounts").isSuccess)
    }

    @Test("sealing lets go of the audit files although the store is away")
    func sealing() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let storage = HookedStorage(MemoryStorage())
        let first = try await audited(storage)
        first.time.advance(seconds: 3_600)
        storage.beforeCommit { _ throws(StorageError) in throw .unavailable("injected failure") }
        await first.core.close()
        storage.beforeCommit(nil)
        let second = try await first.restarted(settings: settings)
        #expect(await second.ask(.read, "sys/mounts").isSuccess)
    }

    @Test("a node that waits for its store says so while it looks again, too")
    func waiting() async throws {
        let first = try await CoreHarness.make()
        let storage = HookedStorage(MemoryStorage())
        let node = try first.beside(storage: storage, cluster: nil)
        try await node.core.start()
        let answers = Mutex<[String]>([])
        storage.beforeGet { _ throws(StorageError) in
            let message = await node.ask(.read, "secret/data/x").error?.messages.first ?? ""
            answers.withLock { $0.append(message) }
        }
        await node.core.runJobs(round: 1)
        storage.beforeGet(nil)
        let seen = answers.withLock { $0 }
        #expect(!seen.isEmpty)
        #expect(seen.allSatisfy { $0.contains("operator init") })
    }
}
