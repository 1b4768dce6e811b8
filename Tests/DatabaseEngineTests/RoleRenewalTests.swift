import DatabaseEngine
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("Renewal of database users") struct RoleRenewalTests {
    @Test("asks the role of today, and is refused when it is gone")
    func role() async throws {
        let bench = try await EngineBench().configured()
        let lease = try await bench.lease()
        _ = try await bench.ask(.update, "roles/reader", ["default_ttl": "60s", "max_ttl": "600s"])
        #expect(try await bench.engine.renew(lease, increment: 0).ttl == 60)
        #expect(try await bench.engine.renew(lease, increment: 7_200).ttl == 600)
        _ = try await bench.ask(.delete, "roles/reader")
        await #expect(throws: CofferError.self) { try await bench.engine.renew(lease, increment: 0) }
        // Taking it back needs no role.
        try await bench.engine.revoke(lease)
        #expect(bench.server.leased.isEmpty)
    }
}
