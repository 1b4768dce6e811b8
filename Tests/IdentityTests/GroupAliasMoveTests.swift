import EngineKit
import Identity
import Syntax
import Testing

@Suite("An external group's alias")
struct GroupAliasMoveTests {
    private func alias(_ name: String, _ group: String) -> JSONObject {
        ["name": .string(name), "mount_accessor": "auth_approle_1", "canonical_id": .string(group)]
    }

    @Test("goes to another group only with sudo, and takes nobody along")
    func moves() async throws {
        let identity = IdentityDriver()
        let from = try await identity.group("from", ["type": "external", "policies": "small"])
        let to = try await identity.group("to", ["type": "external", "policies": "large"])
        let made = try await identity.data(.update, "group-alias", alias("ops", from))
        let id = try #require(made["id"]?.stringValue)
        let member = try await identity.store.logIn(.init(mountAccessor: "auth_approle_1", name: "app", groups: ["ops"]))
        #expect(member.policies == ["small"])
        for path in ["group-alias", "group-alias/id/\(id)"] {
            #expect(await identity.refusal(.update, path, alias("ops", to), hasSudo: false)?.code == .permissionDenied)
        }
        #expect(try await identity.data(.read, "group-alias/id/\(id)")["canonical_id"] == .string(from))
        #expect(try await identity.policies(member.id) == ["small"])
        // What stays where it is needs no sudo.
        #expect(await identity.refusal(.update, "group-alias/id/\(id)", alias("ops", from), hasSudo: false) == nil)
        try await identity.send(.update, "group-alias/id/\(id)", alias("ops", to))
        #expect(try await identity.policies(member.id) == [])
        let again = try await identity.store.logIn(.init(mountAccessor: "auth_approle_1", name: "app", groups: ["ops"]))
        #expect(again.policies == ["large"])
    }

    @Test("keeps its name and mount to itself")
    func isItsOwn() async throws {
        let identity = IdentityDriver()
        let (one, two) = (
            try await identity.group("one", ["type": "external"]), try await identity.group("two", ["type": "external"])
        )
        try await identity.send(.update, "group-alias", alias("ops", one))
        let other = try await identity.data(.update, "group-alias", alias("devs", two))
        let id = try #require(other["id"]?.stringValue)
        #expect(await identity.refusal(.update, "group-alias/id/\(id)", alias("ops", two))?.code == .invalidRequest)
        #expect(try await identity.data(.read, "group-alias/id/\(id)")["name"] == "devs")
    }
}
