import Core
import EngineKit
import Foundation
import StoreKit
import Syntax
import TestSupport
import Testing

extension CoreHarness {
    /// Makes a server whose device `file/` writes to `audit.log` in a directory, which is created.
    static func audited(
        in directory: String, storage: any Storage = MemoryStorage(), inline: [InlineAuthenticatorDescription] = [],
        engines: [EngineDescription] = []
    ) async throws -> CoreHarness {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        var settings = CoreSettings()
        settings.auditDirectories = [directory]
        let server = try await make(storage: storage, settings: settings, inline: inline, engines: engines)
        let options: JSON = ["file_path": .string(directory + "/audit.log")]
        #expect(await server.ask(.update, "sys/audit/file", ["type": "file", "options": options]).isSuccess)
        return server
    }

    /// Lets time pass, and does what is then due: first the jobs of the server if they are asked for, then those of the leases.
    func pass(seconds: Int = 0, withJobs: Bool = false) async {
        time.advance(seconds: seconds)
        if withJobs { await core.runJobs(round: 1) }
        await core.runLeaseJobs()
    }
}
