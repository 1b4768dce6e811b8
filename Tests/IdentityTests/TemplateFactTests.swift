import EngineKit
import Identity
import Syntax
import TestSupport
import Testing

@Suite struct TemplateFactTests {
    @Test func everyFactIsFoundAndNothingElse() async throws {
        let identity = IdentityDriver()
        let bob = try await identity.entity("bob", ["metadata": ["team": "a", "x.y": "dots"]])
        let body: JSONObject = [
            "name": "bob", "canonical_id": .string(bob), "mount_accessor": "auth_userpass_1", "custom_metadata": ["c": "1"],
        ]
        let alias = try await identity.data(.update, "entity-alias", body)["id"]?.stringValue
        _ = try await identity.store.logIn(.init(mountAccessor: "auth_userpass_1", name: "bob", metadata: ["m": "2"]))
        let group = try await identity.group("a.b", ["member_entity_ids": [.string(bob)], "metadata": ["id": "gid", "k": "v"]])
        let other = try await identity.group("other", ["metadata": ["k": "secret"]])
        let entity = try #require(try await identity.store.resolve(bob))
        let expected: [(String, String?)] = [
            ("identity.entity.id", bob), ("identity.entity.name", "bob"), ("identity.entity.metadata.team", "a"),
            ("identity.entity.metadata.x.y", "dots"), ("identity.entity.metadata.none", nil),
            ("identity.entity.aliases.auth_userpass_1.id", alias), ("identity.entity.aliases.auth_userpass_1.name", "bob"),
            ("identity.entity.aliases.auth_userpass_1.metadata.m", "2"),
            ("identity.entity.aliases.auth_userpass_1.custom_metadata.c", "1"),
            ("identity.entity.aliases.auth_approle_1.name", nil), ("identity.groups.ids.\(group).name", "a.b"),
            ("identity.groups.ids.\(group).metadata.k", "v"), ("identity.groups.names.a.b.id", group),
            ("identity.groups.names.a.b.metadata.id", "gid"), ("identity.groups.names.a.id", nil),
            // Of groups that it is not in, it learns nothing.
            ("identity.groups.names.other.id", nil), ("identity.groups.ids.\(other).metadata.k", nil),
            ("identity.entity", nil), ("identity.entity.id.x", nil), ("entity.id", nil), ("", nil),
        ]
        for (expression, value) in expected { #expect(entity.value(of: expression) == value, "\(expression)") }
    }
}
