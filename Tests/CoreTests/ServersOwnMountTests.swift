import Core
import EngineKit
import Syntax
import TestSupport
import Testing

/// Engines that act with credentials of the server's own.
@Suite struct ServersOwnMountTests {
    private static let configured: CoreSettings = {
        var settings = CoreSettings()
        settings.mounts = [InitialMount(path: "services-remote/", type: "own", options: [:], description: "")]
        return settings
    }()

    @Test func `are where the configuration says, and nobody mounts or moves one`() async throws {
        let server = try await CoreHarness.make().restarted(settings: Self.configured)
        #expect(await server.ask(.read, "services-remote/creds/r").isSuccess)
        for body in [["type": "own"], ["type": "plugin", "plugin_name": "own"], ["plugin_name": "own"]] as [JSONObject] {
            #expect(await !server.ask(.update, "sys/mounts/team-x", body).isSuccess)
        }
        #expect(await server.ask(.update, "sys/mounts/team-x", ["type": "own"]).code == .permissionDenied)
        #expect(
            await server.ask(.update, "sys/remount", ["from": "services-remote", "to": "team-x"]).code == .invalidRequest)
        #expect(await server.ask(.read, "team-x/creds/r").code == .notFound)
        #expect(await server.ask(.read, "services-remote/creds/r").isSuccess)
    }

    @Test func `are not served where they were left, but can be taken away`() async throws {
        let storage = MemoryStorage()
        var elsewhere = CoreSettings()
        elsewhere.mounts = [InitialMount(path: "team-x/", type: "own", options: [:], description: "")]
        let before = try await CoreHarness.make(storage: storage).restarted(settings: elsewhere)
        #expect(await before.ask(.read, "sys/mounts/team-x").isSuccess)
        let server = try await before.restarted(settings: Self.configured)
        #expect(await server.ask(.read, "team-x/creds/r").code == .unavailable)
        #expect(await server.ask(.read, "services-remote/creds/r").isSuccess)
        #expect(await server.ask(.delete, "sys/mounts/team-x").isSuccess)
        #expect(await server.ask(.read, "team-x/creds/r").code == .notFound)
    }
}
