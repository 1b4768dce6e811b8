import Core
import EngineKit
import Syntax
import Testing

@Suite("Lockout tuning of a mount")
struct LockoutTuningTests {
    @Test(
        "an empty text keeps what is set and lets the old name count",
        arguments: [
            (["lockout_counter_reset_duration": "", "lockout_counter_reset": "30s"], 30),
            (["lockout_counter_reset_duration": "20s", "lockout_counter_reset": "30s"], 20),
            (["lockout_counter_reset_duration": "", "lockout_counter_reset": ""], 60), (["lockout_counter_reset": "system"], nil),
        ] as [(JSONObject, Int?)])
    func oldName(sent: JSONObject, seconds: Int?) async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "sys/auth/userpass", ["type": "userpass"])
        for config in [["lockout_counter_reset_duration": "60s"], sent] {
            #expect(await server.ask(.update, "sys/auth/userpass/tune", ["user_lockout_config": .object(config)]).isSuccess)
        }
        let shown = await server.ask(.read, "sys/auth/userpass/tune").data
        #expect(shown?["user_lockout_counter_reset_duration"] == seconds.map { .int($0) })
    }
}
