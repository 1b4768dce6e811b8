import EngineKit
import Identity
import Syntax
import TestSupport
import Testing

@Suite struct MergeTests {
    @Test func aliasesAndMembershipsMoveAndOldIdsStillFind() async throws {
        let identity = IdentityDriver()
        let (a, b) = (try await identity.entity("a", ["policies": "own"]), try await identity.entity("b", ["policies": "lost"]))
        _ = try await identity.alias("x", of: a)
        let moved = try await identity.alias("x", of: b, on: "auth_approle_1")
        _ = try await identity.group("ops", ["member_entity_ids": [.string(b)], "policies": "ops"])
        #expect(try await identity.policies(a) == ["own"])
        try await identity.send(.update, "entity/merge", ["from_entity_ids": [.string(b)], "to_entity_id": .string(a)])
        #expect(try await identity.policies(a) == ["ops", "own"])
        #expect(try await identity.store.resolve(b)?.id == a)
        #expect(try await identity.store.logIn(.init(mountAccessor: "auth_approle_1", name: "x")).id == a)
        let read = try await identity.data(.read, "entity/id/\(a)")
        #expect(read["merged_entity_ids"] == [.string(b)])
        let alias = try await identity.data(.read, "entity-alias/id/\(moved)")
        #expect(alias["canonical_id"] == .string(a) && alias["merged_from_canonical_ids"] == [.string(b)])
        #expect(await identity.refusal(.read, "entity/name/b")?.code == .notFound)
    }

    @Test func clashingAliasesAreRefusedUnlessOneIsChosen() async throws {
        let identity = IdentityDriver()
        let (a, b) = (try await identity.entity("a"), try await identity.entity("b"))
        let (one, two) = (try await identity.alias("one", of: a), try await identity.alias("two", of: b))
        var merge: JSONObject = ["from_entity_ids": [.string(b)], "to_entity_id": .string(a), "force": true]
        #expect(await identity.refusal(.update, "entity/merge", merge)?.code == .invalidRequest)
        merge["conflicting_alias_ids_to_keep"] = [.string(one), .string(two)]
        #expect(await identity.refusal(.update, "entity/merge", merge)?.code == .invalidRequest)
        #expect(try await identity.store.logIn(.init(mountAccessor: "auth_userpass_1", name: "two")).id == b)
        merge["conflicting_alias_ids_to_keep"] = [.string(two)]
        try await identity.send(.update, "entity/merge", merge)
        #expect(try await identity.data(.read, "entity/id/\(a)")["aliases"]?.arrayValue?.compactMap { $0["name"] } == ["two"])
        #expect(await identity.refusal(.read, "entity-alias/id/\(one)")?.code == .notFound)
    }

    @Test func refusesWhatIsNoMerge() async throws {
        let identity = IdentityDriver()
        let (a, b, c) = (try await identity.entity("a"), try await identity.entity("b"), try await identity.entity("c"))
        for (from, to, kept) in [([a], a, []), ([b], "nobody", []), (["nobody"], a, []), ([], a, []), ([b, c], a, ["x"])] {
            let merge: JSONObject = [
                "from_entity_ids": .strings(from), "to_entity_id": .string(to), "conflicting_alias_ids_to_keep": .strings(kept),
            ]
            #expect(await identity.refusal(.update, "entity/merge", merge)?.code == .invalidRequest)
        }
        #expect(try await identity.data(.list, "entity/name")["keys"] == ["a", "b", "c"])
    }

    @Test func theWholePathNeedsSudo() {
        let merge = IdentityDriver().engine.paths.first { $0.pattern.description == "entity/merge" }
        #expect(merge?.access == .sudo)
    }

    @Test func mergedEntitiesCanBeMergedOn() async throws {
        let identity = IdentityDriver()
        let (a, b, c) = (try await identity.entity("a"), try await identity.entity("b"), try await identity.entity("c"))
        try await identity.send(.update, "entity/merge", ["from_entity_ids": [.string(a)], "to_entity_id": .string(b)])
        try await identity.send(.update, "entity/merge", ["from_entity_ids": [.string(b)], "to_entity_id": .string(c)])
        for id in [a, b, c] { #expect(try await identity.store.resolve(id)?.id == c) }
        try await identity.send(.delete, "entity/id/\(c)")
        for id in [a, b, c] { #expect(try await identity.store.resolve(id) == nil) }
    }

    @Test func aMergeCutShortIsNoneOrWhole() async throws {
        let storage = FailingStorage(StampingStorage(MemoryStorage()))
        let identity = IdentityDriver(storage: storage)
        let (a, b) = (try await identity.entity("a"), try await identity.entity("b"))
        _ = try await identity.alias("x", of: b)
        storage.failCommit(1)
        let merge: JSONObject = ["from_entity_ids": [.string(b)], "to_entity_id": .string(a)]
        #expect(await identity.refusal(.update, "entity/merge", merge)?.code == .unavailable)
        #expect(try await identity.store.logIn(.init(mountAccessor: "auth_userpass_1", name: "x")).id == b)
        // Told that it may have failed, though it was written: nothing old may be served.
        storage.failCommit(1, .after)
        #expect(await identity.refusal(.update, "entity/merge", merge)?.code == .unavailable)
        #expect(try await identity.store.resolve(b)?.id == a)
    }
}
