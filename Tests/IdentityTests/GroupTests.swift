import EngineKit
import Identity
import Syntax
import TestSupport
import Testing

@Suite struct GroupTests {
    @Test func policiesComeThroughNestedGroupsAndGoAtOnce() async throws {
        let identity = IdentityDriver()
        let bob = try await identity.entity("bob", ["policies": "own"])
        let inner = try await identity.group("inner", ["member_entity_ids": [.string(bob)], "policies": "In"])
        let outer = try await identity.group("outer", ["member_group_ids": [.string(inner)], "policies": "out"])
        #expect(try await identity.policies(bob) == ["in", "out", "own"])
        let read = try await identity.data(.read, "entity/id/\(bob)")
        #expect(read["direct_group_ids"] == [.string(inner)] && read["inherited_group_ids"] == [.string(outer)])
        #expect(try await identity.data(.read, "group/id/\(inner)")["parent_group_ids"] == [.string(outer)])
        try await identity.send(.update, "group/id/\(outer)", ["policies": "other"])
        #expect(try await identity.policies(bob) == ["in", "other", "own"])
        try await identity.send(.update, "group/id/\(inner)", ["member_entity_ids": []])
        #expect(try await identity.policies(bob) == ["own"])
        try await identity.send(.update, "group/id/\(inner)", ["member_entity_ids": [.string(bob)]])
        try await identity.send(.delete, "group/name/outer")
        #expect(try await identity.policies(bob) == ["in", "own"])
        #expect(try await identity.data(.read, "group/id/\(inner)")["parent_group_ids"] == .null)
    }

    @Test func aGroupIsNeverBelowItself() async throws {
        let identity = IdentityDriver()
        let a = try await identity.group("a")
        let b = try await identity.group("b", ["member_group_ids": [.string(a)]])
        let c = try await identity.group("c", ["member_group_ids": [.string(b)]])
        for members in [[a], [b], [c], [b, c]] {
            let refusal = await identity.refusal(.update, "group/id/\(a)", ["member_group_ids": .strings(members)])
            #expect(refusal?.code == .invalidRequest)
        }
        #expect(try await identity.data(.read, "group/id/\(a)")["member_group_ids"] == [])
    }

    @Test func twoChangesAtOnceCloseNoCircle() async throws {
        let storage = InterposedStorage(StampingStorage(MemoryStorage()))
        let identity = IdentityDriver(storage: storage)
        let (a, b) = (try await identity.group("a"), try await identity.group("b"))
        // Another node, with nothing in common but the store.
        let elsewhere = IdentityDriver(storage: storage, seed: 9)
        storage.before(nil) {
            _ = try? await elsewhere.send(.update, "group/id/\(b)", ["member_group_ids": [.string(a)]])
        }
        let refusal = await identity.refusal(.update, "group/id/\(a)", ["member_group_ids": [.string(b)]])
        #expect(refusal?.code == .invalidRequest)
    }

    @Test func aMemberThatIsDeletedAtTheSameMomentIsNoMember() async throws {
        let storage = InterposedStorage(StampingStorage(MemoryStorage()))
        let identity = IdentityDriver(storage: storage)
        let (bob, ops) = (try await identity.entity("bob"), try await identity.group("ops"))
        let elsewhere = IdentityDriver(storage: storage, seed: 9)
        storage.before(nil) { _ = try? await elsewhere.send(.delete, "entity/id/\(bob)") }
        let refusal = await identity.refusal(.update, "group/id/\(ops)", ["member_entity_ids": [.string(bob)]])
        #expect(refusal?.code == .invalidRequest)
        #expect(try await identity.keys().allSatisfy { !$0.hasPrefix("member/") })
    }

    @Test func membersMustExist() async throws {
        let identity = IdentityDriver()
        for field in ["member_entity_ids", "member_group_ids"] {
            #expect(await identity.refusal(.update, "group", [field: ["nobody"]])?.code == .invalidRequest)
        }
        #expect(try await identity.keys().isEmpty)
    }

    @Test func membersOfExternalGroupsComeFromLoginsOnly() async throws {
        let identity = IdentityDriver()
        let bob = try await identity.entity("bob")
        let group = try await identity.group("ext", ["type": "external", "policies": "ops"])
        for body in [["member_entity_ids": [.string(bob)]], ["type": "internal"], ["member_group_ids": [.string(group)]]]
            as [JSONObject]
        {
            #expect(await identity.refusal(.update, "group/id/\(group)", body)?.code == .invalidRequest)
        }
        let alias: JSONObject = ["name": "Ops", "mount_accessor": "auth_approle_1", "canonical_id": .string(group)]
        let made = try await identity.data(.update, "group-alias", alias)
        #expect(made["canonical_id"] == .string(group))
        var login = LoginAlias(mountAccessor: "auth_approle_1", name: "app", groups: ["Ops", "unknown"])
        let entity = try await identity.store.logIn(login)
        #expect(entity.policies == ["ops"])
        // The same name on another mount is another group.
        #expect(try await identity.store.logIn(.init(mountAccessor: "auth_approle_2", name: "a", groups: ["Ops"])).policies == [])
        login.groups = []
        #expect(try await identity.store.logIn(login).policies == [])
        #expect(try await identity.policies(entity.id) == [])
    }

    @Test func withItsAliasAnExternalGroupLosesItsMembers() async throws {
        let identity = IdentityDriver()
        let made = try await identity.data(.update, "group-alias", ["name": "ops", "mount_accessor": "auth_approle_1"])
        let (id, group) = (made["id"]?.stringValue ?? "", made["canonical_id"]?.stringValue ?? "")
        try await identity.send(.update, "group/id/\(group)", ["policies": "ops"])
        let entity = try await identity.store.logIn(.init(mountAccessor: "auth_approle_1", name: "app", groups: ["ops"]))
        #expect(entity.policies == ["ops"])
        try await identity.send(.update, "group-alias/id/\(id)", ["name": "other", "mount_accessor": "auth_approle_1"])
        #expect(try await identity.policies(entity.id) == [])
        _ = try await identity.store.logIn(.init(mountAccessor: "auth_approle_1", name: "app", groups: ["other"]))
        #expect(try await identity.policies(entity.id) == ["ops"])
        try await identity.send(.delete, "group-alias/id/\(id)")
        #expect(try await identity.policies(entity.id) == [])
    }

    @Test func aChangeOfAnAliasKeepsWhatItDoesNotName() async throws {
        let identity = IdentityDriver()
        let bob = try await identity.entity("bob")
        let alias = try await identity.alias("bob", of: bob)
        try await identity.send(.update, "entity-alias/id/\(alias)", ["custom_metadata": ["k": "v"]])
        try await identity.send(.update, "entity-alias/id/\(alias)", ["name": "Robert"])
        try await identity.send(.update, "entity-alias/id/\(alias)", ["mount_accessor": "auth_approle_1"])
        let read = try await identity.data(.read, "entity-alias/id/\(alias)")
        #expect(read["name"] == "robert" && read["mount_accessor"] == "auth_approle_1" && read["custom_metadata"] == ["k": "v"])
        #expect(read["canonical_id"] == .string(bob))
        let made = try await identity.data(.update, "group-alias", ["name": "ops", "mount_accessor": "auth_approle_1"])
        let group = made["id"]?.stringValue ?? ""
        try await identity.send(.update, "group-alias/id/\(group)", ["name": "devs"])
        let changed = try await identity.data(.read, "group-alias/id/\(group)")
        #expect(changed["name"] == "devs" && changed["mount_accessor"] == "auth_approle_1")
        #expect(await identity.refusal(.update, "entity-alias", ["name": "new"])?.code == .invalidRequest)
    }

    @Test func aGroupHasOneAliasAndAnInternalOneNone() async throws {
        let identity = IdentityDriver()
        let (inside, outside) = (try await identity.group("in"), try await identity.group("out", ["type": "external"]))
        func alias(_ name: String, _ group: String) -> JSONObject {
            ["name": .string(name), "mount_accessor": "auth_approle_1", "canonical_id": .string(group)]
        }
        #expect(await identity.refusal(.update, "group-alias", alias("a", inside))?.code == .invalidRequest)
        try await identity.send(.update, "group-alias", alias("a", outside))
        #expect(await identity.refusal(.update, "group-alias", alias("b", outside))?.code == .invalidRequest)
    }

    @Test func lookUpFindsByEveryKeyAndSaysNothingOtherwise() async throws {
        let identity = IdentityDriver()
        let bob = try await identity.entity("bob")
        let alias = try await identity.alias("bob", of: bob)
        let group = try await identity.group("ext", ["type": "external"])
        let groupAlias = try await identity.data(
            .update, "group-alias", ["name": "g", "mount_accessor": "auth_approle_1", "canonical_id": .string(group)])["id"]
        for query in [
            ["name": "BOB"], ["id": .string(bob)], ["alias_id": .string(alias)],
            ["alias_name": "Bob", "alias_mount_accessor": "auth_userpass_1"],
        ] as [JSONObject] {
            #expect(try await identity.data(.update, "lookup/entity", query)["id"] == .string(bob), "\(query.keys)")
        }
        for query in [
            ["name": "ext"], ["id": .string(group)], ["alias_id": groupAlias ?? .null],
            ["alias_name": "g", "alias_mount_accessor": "auth_approle_1"],
        ] as [JSONObject] {
            #expect(try await identity.data(.update, "lookup/group", query)["id"] == .string(group), "\(query.keys)")
        }
        #expect(try await identity.data(.update, "lookup/entity", ["name": "nobody"]) == [:])
        for query in [[:], ["alias_name": "bob"], ["name": "a", "id": "b"]] as [JSONObject] {
            #expect(await identity.refusal(.update, "lookup/entity", query)?.code == .invalidRequest)
            #expect(await identity.refusal(.update, "lookup/group", query)?.code == .invalidRequest)
        }
    }
}
