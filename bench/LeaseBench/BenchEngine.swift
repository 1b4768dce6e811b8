import EngineKit
import Synchronization
import Syntax

/// Grants leases and takes a millisecond to revoke one, as a database nearby does.
final class BenchEngine: LeasedEngine {
    private let revoked = Atomic<Int>(0)

    static let description = EngineDescription(type: "bench", summary: "For measurements.") { _ in BenchEngine() }

    var paths: [EnginePath] {
        [
            EnginePath(
                "creds/{role}", "A credential.",
                endpoints: [
                    .read: .init("Make a credential.") { request in
                        var response = Response.data(["username": .string(request.id)])
                        response.lease = .grant(LeaseGrant(data: ["username": .string(request.id)]))
                        return response
                    }
                ]),
            EnginePath(
                "revoked", "How many were revoked.",
                endpoints: [
                    .read: .init("Count.", changesNothing: true) { [self] _ in
                        .data(["count": .int(revoked.load(ordering: .relaxed))])
                    }
                ]),
        ]
    }

    func revoke(_ lease: HeldLease) async throws {
        try await Task.sleep(for: .milliseconds(1))
        revoked.add(1, ordering: .relaxed)
    }

    func renew(_ lease: HeldLease, increment: Int) async throws -> LeaseGrant { LeaseGrant(ttl: increment, data: lease.data) }
}
