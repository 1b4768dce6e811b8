import Core
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite struct EntityAliasTests {
    @Test func aRoleDecidesWhichAliasesATokenMayName() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "auth/token/roles/r", ["allowed_entity_aliases": ["ci-*", "Bob"]])
        for alias in ["ci-1", "CI-1", "bob"] {
            let made = await server.ask(.update, "auth/token/create/r", ["entity_alias": .string(alias)]).issued
            let entity = await server.ask(.read, "identity/entity/id/\(made?.entityID ?? "none")").data
            #expect(entity?["aliases"]?.arrayValue?.first?["name"] == .string(alias.lowercased()), "\(alias)")
            #expect(entity?["aliases"]?.arrayValue?.first?["mount_type"] == "token")
        }
        for alias in ["eve", "xci-1", "ci", "bob2"] {
            let refused = await server.ask(.update, "auth/token/create/r", ["entity_alias": .string(alias)])
            #expect(refused.code == .invalidRequest, "\(alias)")
        }
        #expect(await server.ask(.update, "auth/token/create", ["entity_alias": "bob"]).code == .invalidRequest)
        #expect(await server.ask(.list, "identity/entity/id").data?["keys"]?.arrayValue?.count == 2)
    }

    @Test func theAliasBringsTheEntitysPolicies() async throws {
        let server = try await CoreHarness.make()
        await server.writePolicy("app", "path \"secret/data/{{identity.entity.name}}\" { capabilities = [\"create\", \"update\"] }")
        let id = await server.ask(.update, "identity/entity", ["name": "shop", "policies": "app"]).data?["id"] ?? .null
        let accessor = await server.ask(.read, "sys/auth/token").data?["accessor"] ?? .null
        await server.ask(.update, "identity/entity-alias", ["name": "ci", "canonical_id": id, "mount_accessor": accessor])
        await server.ask(.update, "auth/token/roles/r", ["allowed_entity_aliases": "ci", "allowed_policies": "default"])
        let made = try #require(await server.ask(.update, "auth/token/create/r", ["entity_alias": "ci"]).issued)
        #expect(made.entityID == id.stringValue && made.identityPolicies == ["app"])
        #expect(await server.ask(.update, "secret/data/shop", ["data": ["a": 1]], token: made.clientToken).isSuccess)
        #expect(
            await server.ask(.update, "secret/data/other", ["data": ["a": 1]], token: made.clientToken).code == .permissionDenied)
        await server.ask(.update, "identity/entity/name/shop", ["disabled": true])
        #expect(await server.ask(.update, "auth/token/create/r", ["entity_alias": "ci"]).code == .permissionDenied)
    }

    @Test func orphansAndTheirMakersEntityPartWays() async throws {
        let server = try await CoreHarness.make()
        await server.writePolicy("orphans", "path \"auth/token/*\" { capabilities = [\"update\", \"sudo\"] }")
        await server.ask(.update, "auth/token/roles/r", ["allowed_entity_aliases": "ci", "allowed_policies": "orphans"])
        let parent = try #require(await server.ask(.update, "auth/token/create/r", ["entity_alias": "ci"]).issued)
        let child = await server.ask(.update, "auth/token/create", [:], token: parent.clientToken).issued
        let orphan = await server.ask(.update, "auth/token/create-orphan", [:], token: parent.clientToken).issued
        #expect(child?.entityID == parent.entityID && !parent.entityID.isEmpty)
        #expect(orphan?.entityID == "")
    }

    @Test func childrenAreBoundWhereTheirParentIs() async throws {
        let server = try await CoreHarness.make()
        await server.writePolicy("maker", "path \"auth/token/create\" { capabilities = [\"update\"] }")
        await server.ask(.update, "auth/token/roles/r", ["token_bound_cidrs": "10.0.0.0/8", "allowed_policies": "maker"])
        let parent = await server.ask(.update, "auth/token/create/r").issued?.clientToken ?? ""
        let child = await server.ask(.update, "auth/token/create", [:], token: parent, from: "10.0.0.1").issued?.clientToken ?? ""
        #expect(await server.ask(.read, "auth/token/lookup-self", token: child, from: "10.0.0.2").isSuccess)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: child, from: "11.0.0.2").code == .permissionDenied)
    }
}
