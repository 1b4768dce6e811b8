import EngineKit
import Identity
import Syntax
import TestSupport
import Testing

@Suite struct EntityTests {
    @Test func aNewEntityAnswersWithItsIdAndAChangeWithNothing() async throws {
        let identity = IdentityDriver()
        let made = try await identity.data(.update, "entity", ["name": "Bob", "metadata": ["team": "a"], "policies": "B,a"])
        #expect(made["name"] == "Bob" && made["aliases"] == .null)
        let id = try #require(made["id"]?.stringValue)
        #expect(try await identity.data(.update, "entity", ["name": "bob", "disabled": true]) == [:])
        #expect(try await identity.data(.update, "entity/id/\(id)", ["metadata": ["team": "b"]]) == [:])
        let read = try await identity.data(.read, "entity/name/BOB")
        #expect(read["id"] == .string(id) && read["name"] == "bob" && read["disabled"] == true)
        #expect(read["policies"] == ["a", "b"] && read["metadata"] == ["team": "b"])
        #expect(read["creation_time"]?.stringValue?.hasSuffix("Z") == true)
        #expect(try await identity.data(.list, "entity/id")["key_info"]?[id]?["name"] == "bob")
        #expect(try await identity.data(.list, "entity/name")["keys"] == ["bob"])
    }

    @Test func nothingIsLeftOfADeletedEntity() async throws {
        let identity = IdentityDriver()
        _ = try await identity.group("empty")
        let before = try await identity.keys()
        let id = try await identity.entity("bob")
        _ = try await identity.alias("bob", of: id)
        try await identity.send(.update, "group/name/empty", ["member_entity_ids": [.string(id)]])
        try await identity.send(.delete, "entity/id/\(id)")
        #expect(try await identity.keys() == before)
        #expect(try await identity.data(.read, "group/name/empty")["member_entity_ids"] == [])
        #expect(try await identity.store.resolve(id) == nil)
        #expect(await identity.refusal(.read, "entity/id/\(id)")?.code == .notFound)
    }

    @Test(arguments: ["root", "ROOT", "Root", " root", "reserved", "a/../b", "ｒｏｏｔ", "..", "a*", "rооt"])
    func policiesNeverIncludeTheReservedOnes(name: String) async throws {
        let identity = IdentityDriver()
        for path in ["entity", "entity/name/bob", "group", "group/name/ops"] {
            let refusal = await identity.refusal(.update, path, ["policies": [.string(name)]])
            #expect(refusal?.code == .invalidRequest, "\(path)")
        }
        #expect(try await identity.keys().isEmpty)
    }

    @Test(arguments: ["\u{0}", "a\nb", "../x", "a//b", "a/", ".", "e\u{301}", String(repeating: "x", count: 513)])
    func namesThatNoPathCouldHaveAreRefused(name: String) async throws {
        let identity = IdentityDriver()
        #expect(await identity.refusal(.update, "entity", ["name": .string(name)])?.code == .invalidRequest)
        #expect(await identity.refusal(.update, "group", ["name": .string(name)])?.code == .invalidRequest)
    }

    @Test func metadataIsBounded() async throws {
        let identity = IdentityDriver()
        let many = JSONObject((0..<65).map { .init(key: "k\($0)", value: "v") })
        let long: JSONObject = ["k": .string(String(repeating: "v", count: 513))]
        for metadata in [many, long, [String(repeating: "k", count: 129): "v"]] {
            #expect(await identity.refusal(.update, "entity", ["metadata": .object(metadata)])?.code == .invalidRequest)
        }
    }

    @Test func anEntityHasOneAliasAMount() async throws {
        let identity = IdentityDriver()
        let bob = try await identity.entity("bob")
        _ = try await identity.alias("Bob", of: bob)
        #expect(try await identity.data(.read, "entity/id/\(bob)")["aliases"]?.arrayValue?.first?["name"] == "bob")
        let second: JSONObject = ["name": "robert", "canonical_id": .string(bob), "mount_accessor": "auth_userpass_1"]
        #expect(await identity.refusal(.update, "entity-alias", second)?.code == .invalidRequest)
        _ = try await identity.alias("Bob", of: bob, on: "auth_approle_1")
        _ = try await identity.alias("Bob", of: bob, on: "auth_approle_2")
        let names = try await identity.data(.read, "entity/id/\(bob)")["aliases"]?.arrayValue?.compactMap { $0["name"] }
        #expect(names == ["bob", "Bob", "Bob"])
    }

    @Test func anAliasIsNeverGivenAPlaceThatSomebodyElseHas() async throws {
        let identity = IdentityDriver()
        let (bob, eve) = (try await identity.entity("bob", ["policies": "secret"]), try await identity.entity("eve"))
        _ = try await identity.alias("bob", of: bob)
        let hers = try await identity.alias("eve", of: eve)
        let takeover: JSONObject = ["name": "BOB", "mount_accessor": "auth_userpass_1", "canonical_id": .string(eve)]
        #expect(await identity.refusal(.update, "entity-alias/id/\(hers)", takeover)?.code == .invalidRequest)
        #expect(try await identity.store.logIn(.init(mountAccessor: "auth_userpass_1", name: "eve")).policies == [])
        #expect(try await identity.store.logIn(.init(mountAccessor: "auth_userpass_1", name: "bob")).id == bob)
    }

    @Test func givingAnAliasToAnotherEntityNeedsSudo() async throws {
        let identity = IdentityDriver()
        let (bob, eve) = (try await identity.entity("bob", ["policies": "secret"]), try await identity.entity("eve"))
        let hers = try await identity.alias("eve", of: eve)
        for path in ["entity-alias", "entity-alias/id/\(hers)"] {
            let move: JSONObject = ["name": "eve", "mount_accessor": "auth_userpass_1", "canonical_id": .string(bob)]
            #expect(await identity.refusal(.update, path, move, hasSudo: false)?.code == .permissionDenied)
        }
        #expect(try await identity.data(.read, "entity-alias/id/\(hers)")["canonical_id"] == .string(eve))
        let move: JSONObject = ["name": "eve", "mount_accessor": "auth_userpass_1", "canonical_id": .string(bob)]
        #expect(try await identity.data(.update, "entity-alias/id/\(hers)", move)["canonical_id"] == .string(bob))
        #expect(try await identity.store.logIn(.init(mountAccessor: "auth_userpass_1", name: "eve")).id == bob)
    }

    @Test(arguments: ["nothing", "kv_1", ""]) func anAliasNeedsAMountThatPeopleLogInThrough(accessor: String) async throws {
        let identity = IdentityDriver()
        let body: JSONObject = ["name": "x", "mount_accessor": .string(accessor)]
        #expect(await identity.refusal(.update, "entity-alias", body)?.code == .invalidRequest)
        #expect(try await identity.keys().isEmpty)
    }

    @Test func metadataOfOneMountNeverShowsUnderAnother() async throws {
        let identity = IdentityDriver()
        let first = try await identity.store.logIn(.init(mountAccessor: "auth_approle_1", name: "app", metadata: ["k": "1"]))
        let second = try await identity.store.logIn(.init(mountAccessor: "auth_approle_2", name: "app", metadata: ["k": "2"]))
        #expect(first.id != second.id)
        #expect(try await identity.store.resolve(first.id)?.value(of: "identity.entity.aliases.auth_approle_1.metadata.k") == "1")
        #expect(try await identity.store.resolve(first.id)?.value(of: "identity.entity.aliases.auth_approle_2.metadata.k") == nil)
    }

    @Test func logsInWithoutWritingWhenNothingIsNew() async throws {
        let storage = FailingStorage(StampingStorage(MemoryStorage()))
        let identity = IdentityDriver(storage: storage)
        let login = LoginAlias(mountAccessor: "auth_approle_1", name: "app", metadata: ["role": "a"])
        let first = try await identity.store.logIn(login)
        let commits = storage.commitCount
        #expect(try await identity.store.logIn(login).id == first.id)
        #expect(storage.commitCount == commits)
        var changed = login
        changed.metadata = ["role": "b"]
        let second = try await identity.store.logIn(changed)
        #expect(second.id == first.id && second.value(of: "identity.entity.aliases.auth_approle_1.metadata.role") == "b")
    }

    @Test func firstLoginsAtTheSameMomentMakeOneEntity() async throws {
        let identity = IdentityDriver(storage: YieldingStorage(StampingStorage(MemoryStorage())))
        let ids = await withTaskGroup(of: String?.self) { group in
            for _ in 0..<16 {
                group.addTask { try? await identity.store.logIn(.init(mountAccessor: "auth_approle_1", name: "app")).id }
            }
            return await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(ids.count == 1 && ids.first != .some(nil))
        #expect(try await identity.data(.list, "entity/id")["keys"]?.arrayValue?.count == 1)
    }

    @Test func aMountThatIsGoneTakesItsAliasesAlong() async throws {
        for failing in 1...4 {
            let storage = FailingStorage(StampingStorage(MemoryStorage()))
            let identity = IdentityDriver(storage: storage)
            let bob = try await identity.entity("bob")
            _ = try await identity.alias("bob", of: bob)
            _ = try await identity.alias("bob", of: bob, on: "auth_approle_1")
            _ = try await identity.store.logIn(.init(mountAccessor: "auth_userpass_1", name: "eve"))
            _ = try await identity.data(.update, "group-alias", ["name": "ops", "mount_accessor": "auth_userpass_1"])
            storage.failCommits(from: failing)
            try? await identity.store.forgetMount(accessor: "auth_userpass_1")
            storage.heal()
            try await identity.store.forgetMount(accessor: "auth_userpass_1")
            let aliases = try await identity.data(.list, "entity-alias/id")["keys"]?.arrayValue
            #expect(aliases?.count == 1)
            #expect(await identity.refusal(.list, "group-alias/id")?.code == .notFound)
            #expect(try await identity.store.logIn(.init(mountAccessor: "auth_userpass_1", name: "bob")).id != bob)
        }
    }
}
