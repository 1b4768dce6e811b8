import EngineKit
import Synchronization
import Syntax

/// Grants leases as a test says, fails as a test says, and remembers what it was asked.
final class TestEngine: LeasedEngine {
    struct State {
        var grant = LeaseGrant(ttl: 600, maxTTL: 3_600)
        var made = 0
        var alive: Set<String> = []
        var revocations: [String] = []
        /// So many revocations fail before one succeeds.
        var failuresLeft = 0
        /// Revocations of leases below this path fail.
        var brokenPath: String?
        var duringRead: (@Sendable () async -> Void)?
        /// What a login grants.
        var policies = ["app"]
        /// Things below `things/`, `bare/` and `stuck/`.
        var things: Set<String> = []
        /// What the existence check says, whatever is there.
        var existence: Bool?
        /// What the handlers of things were called for.
        var handled: [String] = []
    }

    let state = Mutex(State())

    var alive: Set<String> { state.withLock { $0.alive } }

    var revocations: [String] { state.withLock { $0.revocations } }

    func set(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    var paths: [EnginePath] {
        [
            EnginePath("creds/{role}", "A credential.")
                .reading("Make a credential.", changesNothing: false) { [self] _ in
                    await state.withLock { $0.duringRead }?()
                    return make()
                },
            EnginePath("login", "A token.")
                .updating("Log in.") { [self] _ in
                    await state.withLock { $0.duringRead }?()
                    let policies = state.withLock { $0.policies }
                    return Response(.none, auth: .grant(AuthGrant(displayName: "t", policies: policies, aliasName: "t")))
                },
        ] + thingPaths
    }

    /// Updates that find nothing and ask for a creation: with an existence check, without one, and with nothing to create by.
    private var thingPaths: [EnginePath] {
        let update = EnginePath.Endpoint("Change a thing.", changesNothing: true) { [self] request in
            try state.withLock { state in
                state.handled.append(request.operation.rawValue)
                guard state.things.contains(request.captures["name"]) else { throw CreationNeeded() }
                return .empty
            }
        }
        let create = EnginePath.Endpoint("Make a thing.") { [self] request in
            state.withLock { state in
                state.handled.append(request.operation.rawValue)
                state.things.insert(request.captures["name"])
                return .empty
            }
        }
        return [
            EnginePath(
                "things/{name}", "A thing.",
                exists: { [self] request in
                    state.withLock { $0.existence ?? $0.things.contains(request.captures["name"]) }
                }
            )
            .adding(.update, update).adding(.create, create),
            EnginePath("bare/{name}", "A thing.").adding(.update, update).adding(.create, create),
            EnginePath("stuck/{name}", "A thing.").adding(.update, update),
        ]
    }

    private func make() -> Response {
        state.withLock { state in
            state.made += 1
            let name = "user-\(state.made)"
            state.alive.insert(name)
            var response = Response.data(["username": .string(name)])
            var grant = state.grant
            grant.data = ["username": .string(name)]
            response.lease = .grant(grant)
            return response
        }
    }

    func revoke(_ lease: HeldLease) async throws {
        try state.withLock { state in
            let name = lease.data["username"]?.stringValue ?? ""
            state.revocations.append(name)
            let isBroken = state.brokenPath.map { lease.id.hasPrefix($0) } ?? false
            if state.failuresLeft > 0 || isBroken {
                if !isBroken { state.failuresLeft -= 1 }
                throw CofferError(.unavailable, "the test engine refuses")
            }
            state.alive.remove(name)
        }
    }

    func renew(_ lease: HeldLease, increment: Int) async throws -> LeaseGrant {
        state.withLock { state in
            var grant = state.grant
            if increment > 0 { grant.ttl = increment }
            grant.data = lease.data
            return grant
        }
    }
}
