import Core
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite struct IdentityTests {
    struct Person {
        var server: CoreHarness
        var token: String
        var entity: String
        var accessor: String
    }

    /// Bob, logged in by userpass, whose user grants nothing.
    private func person(_ server: CoreHarness? = nil) async throws -> Person {
        let server = if let server { server } else { try await CoreHarness.make() }
        await server.ask(.update, "secret/data/app", ["data": ["k": "v"]])
        await server.writePolicy("app", "path \"secret/data/app\" { capabilities = [\"read\"] }")
        #expect(await server.ask(.update, "sys/auth/userpass", ["type": "userpass"]).isSuccess)
        await server.ask(.update, "auth/userpass/users/bob", ["password": "right"])
        let accessor = await server.ask(.read, "sys/auth/userpass").data?["accessor"]?.stringValue ?? ""
        let issued = try #require(await server.ask(.update, "auth/userpass/login/Bob", ["password": "right"], token: nil).issued)
        return Person(server: server, token: issued.clientToken, entity: issued.entityID, accessor: accessor)
    }

    private func mayRead(_ person: Person, _ path: String = "secret/data/app", token: String? = nil) async -> Bool {
        await person.server.ask(.read, path, token: token ?? person.token).isSuccess
    }

    @Test func aLoginMakesOneEntityForItsName() async throws {
        let bob = try await person()
        let again = await bob.server.ask(.update, "auth/userpass/login/BOB", ["password": "right"], token: nil).issued
        #expect(!bob.entity.isEmpty && again?.entityID == bob.entity)
        let entity = await bob.server.ask(.read, "identity/entity/id/\(bob.entity)").data
        #expect(entity?["name"]?.stringValue?.hasPrefix("entity_") == true)
        let alias = entity?["aliases"]?.arrayValue?.first
        #expect(alias?["name"] == "bob" && alias?["mount_accessor"] == .string(bob.accessor))
        #expect(alias?["mount_path"] == "auth/userpass/" && alias?["mount_type"] == "userpass")
        let seen = await bob.server.ask(.read, "auth/token/lookup-self", token: bob.token).data
        #expect(seen?["entity_id"] == .string(bob.entity) && seen?["identity_policies"] == [])
        #expect(seen?["external_namespace_policies"] == [:])
        // The default policy lets everybody read the own entity, and only that.
        #expect(await mayRead(bob, "identity/entity/id/\(bob.entity)"))
        let other = await bob.server.ask(.update, "identity/entity", ["name": "other"]).data?["id"]?.stringValue ?? ""
        #expect(await !mayRead(bob, "identity/entity/id/\(other)"))
        #expect(await bob.server.ask(.read, "auth/token/lookup-self").data?["identity_policies"] == nil)
    }

    @Test func policiesOfAnEntityAreInForceAtTheNextRequest() async throws {
        let bob = try await person()
        #expect(await !mayRead(bob))
        #expect(await bob.server.ask(.update, "identity/entity/id/\(bob.entity)", ["policies": "app"]).isSuccess)
        #expect(await mayRead(bob))
        let seen = await bob.server.ask(.read, "auth/token/lookup-self", token: bob.token).data
        #expect(seen?["identity_policies"] == ["app"] && seen?["policies"] == ["default"])
        let again = await bob.server.ask(.update, "auth/userpass/login/bob", ["password": "right"], token: nil).issued
        #expect(again?.policies == ["app", "default"] && again?.tokenPolicies == ["default"] && again?.identityPolicies == ["app"])
        #expect(await bob.server.ask(.update, "auth/token/renew-self", token: bob.token).issued?.identityPolicies == ["app"])
        await bob.server.writePolicy("app", "path \"secret/data/app\" { capabilities = [\"list\"] }")
        #expect(await !mayRead(bob))
        await bob.server.writePolicy("app", "path \"secret/data/app\" { capabilities = [\"read\"] }")
        #expect(await mayRead(bob))
        await bob.server.ask(.update, "identity/entity/id/\(bob.entity)", ["policies": []])
        #expect(await !mayRead(bob))
    }

    @Test func whoLeavesAGroupLosesItsPoliciesAtTheNextRequest() async throws {
        let bob = try await person()
        let inner =
            await bob.server.ask(.update, "identity/group", ["name": "in", "member_entity_ids": [.string(bob.entity)]])
            .data?["id"]?.stringValue ?? ""
        await bob.server.ask(.update, "identity/group", ["name": "out", "member_group_ids": [.string(inner)], "policies": "app"])
        #expect(await mayRead(bob))
        await bob.server.ask(.update, "identity/group/id/\(inner)", ["member_entity_ids": []])
        #expect(await !mayRead(bob))
        await bob.server.ask(.update, "identity/group/id/\(inner)", ["member_entity_ids": [.string(bob.entity)]])
        #expect(await mayRead(bob))
        await bob.server.ask(.delete, "identity/group/name/out")
        #expect(await !mayRead(bob))
    }

    @Test func tokensOfADisabledOrDeletedEntityAreRefusedAtOnce() async throws {
        let bob = try await person()
        let child = await bob.server.ask(.update, "identity/entity/id/\(bob.entity)", ["disabled": true])
        #expect(child.isSuccess)
        #expect(await bob.server.ask(.read, "auth/token/lookup-self", token: bob.token).code == .permissionDenied)
        #expect(
            await bob.server.ask(.update, "auth/userpass/login/bob", ["password": "right"], token: nil).code == .permissionDenied)
        let asked = await bob.server.ask(
            .update, "sys/capabilities", ["token": .string(bob.token), "paths": "auth/token/lookup-self"])
        #expect(asked.data?["capabilities"] == ["deny"])
        await bob.server.ask(.update, "identity/entity/id/\(bob.entity)", ["disabled": false])
        #expect(await bob.server.ask(.read, "auth/token/lookup-self", token: bob.token).isSuccess)
        await bob.server.ask(.delete, "identity/entity/id/\(bob.entity)")
        #expect(await bob.server.ask(.read, "auth/token/lookup-self", token: bob.token).code == .permissionDenied)
        let again = await bob.server.ask(.update, "auth/userpass/login/bob", ["password": "right"], token: nil).issued
        #expect(again?.entityID.isEmpty == false && again?.entityID != bob.entity)
    }

    @Test func aRefusedLoginOfADisabledEntityLeavesNoToken() async throws {
        let bob = try await person()
        await bob.server.ask(.update, "identity/entity/id/\(bob.entity)", ["disabled": true])
        let before = await bob.server.ask(.list, "auth/token/accessors").data?["keys"]?.arrayValue?.count
        await bob.server.ask(.update, "auth/userpass/login/bob", ["password": "right"], token: nil)
        #expect(await bob.server.ask(.list, "auth/token/accessors").data?["keys"]?.arrayValue?.count == before)
    }

    @Test func childrenBelongToTheEntityOfTheirParent() async throws {
        let bob = try await person()
        await bob.server.writePolicy("maker", "path \"auth/token/create\" { capabilities = [\"update\"] }")
        await bob.server.ask(.update, "identity/entity/id/\(bob.entity)", ["policies": ["app", "maker"]])
        let child = try #require(await bob.server.ask(.update, "auth/token/create", [:], token: bob.token).issued)
        #expect(child.entityID == bob.entity && child.tokenPolicies == ["default"] && child.identityPolicies == ["app", "maker"])
        #expect(await mayRead(bob, token: child.clientToken))
        // What the entity may do is no policy of the token that could be handed on.
        #expect(await bob.server.ask(.update, "auth/token/create", ["policies": "app"], token: bob.token).code == .invalidRequest)
    }

    @Test func whatCallersAskAboutThemselvesCountsTheirEntity() async throws {
        let bob = try await person()
        await bob.server.ask(.update, "identity/entity/id/\(bob.entity)", ["policies": "app"])
        let paths: JSONObject = ["paths": "secret/data/app"]
        for path in ["sys/capabilities-self", "sys/capabilities"] {
            let body: JSONObject = path == "sys/capabilities" ? ["paths": "secret/data/app", "token": .string(bob.token)] : paths
            let token = path == "sys/capabilities" ? "" : bob.token
            #expect(await bob.server.ask(.update, path, body, token: token).data?["capabilities"] == ["read"])
        }
        let acl = await bob.server.ask(.read, "sys/internal/ui/resultant-acl", token: bob.token).data
        #expect(acl?["exact_paths"]?["secret/data/app"]?["capabilities"] == ["read"])
        let mounts = await bob.server.ask(.read, "sys/internal/ui/mounts", token: bob.token).data
        #expect(mounts?["secret"]?["secret/"] != nil)
    }

    @Test func theAliasesOfARemovedMountAreGone() async throws {
        let bob = try await person()
        #expect(await bob.server.ask(.delete, "sys/auth/userpass").isSuccess)
        #expect(await bob.server.ask(.read, "identity/entity/id/\(bob.entity)").data?["aliases"] == [])
        #expect(await bob.server.ask(.list, "identity/entity-alias/id").code == .notFound)
    }

    @Test func aRemovalCutShortStillTakesTheAliases() async throws {
        for failing in 1...5 {
            let storage = FailingStorage(MemoryStorage())
            let bob = try await person(try await CoreHarness.make(storage: storage))
            storage.failCommits(from: failing)
            await bob.server.ask(.delete, "sys/auth/userpass")
            storage.heal()
            let again = try await bob.server.restarted()
            let isMounted = await again.ask(.read, "sys/auth/userpass").isSuccess
            let aliases = await again.ask(.read, "identity/entity/id/\(bob.entity)").data?["aliases"]?.arrayValue
            #expect(aliases?.isEmpty == !isMounted, "\(failing)")
        }
    }

    @Test func identityOutlivesARestart() async throws {
        let bob = try await person()
        await bob.server.ask(.update, "identity/entity/id/\(bob.entity)", ["policies": "app"])
        let again = try await bob.server.restarted()
        #expect(await again.ask(.read, "secret/data/app", token: bob.token).isSuccess)
    }

    @Test(arguments: ["identity/alias", "identity/persona"]) func olderPathsAreTheSamePath(old: String) async throws {
        let bob = try await person()
        let id = await bob.server.ask(.list, "\(old)/id").data?["keys"]?.arrayValue?.first?.stringValue ?? ""
        #expect(await bob.server.ask(.read, "\(old)/id/\(id)").data?["name"] == "bob")
        // A rule for the path of today decides about the older one, too.
        await bob.server.writePolicy(
            "p", "path \"identity/*\" { capabilities = [\"read\"] } path \"identity/entity-alias/*\" { capabilities = [\"deny\"] }")
        let token = try await bob.server.token(["p"])
        #expect(await bob.server.ask(.read, "\(old)/id/\(id)", token: token).code == .permissionDenied)
    }

    @Test func mergingNeedsSudo() async throws {
        let bob = try await person()
        let to = await bob.server.ask(.update, "identity/entity", ["name": "to"]).data?["id"] ?? .null
        let merge: JSONObject = ["from_entity_ids": [.string(bob.entity)], "to_entity_id": to]
        await bob.server.writePolicy("writer", "path \"identity/*\" { capabilities = [\"create\", \"update\"] }")
        await bob.server.writePolicy("sudo", "path \"identity/*\" { capabilities = [\"create\", \"update\", \"sudo\"] }")
        let (writer, sudo) = (try await bob.server.token(["writer"]), try await bob.server.token(["sudo"]))
        #expect(await bob.server.ask(.update, "identity/entity/merge", merge, token: writer).code == .permissionDenied)
        let alias: JSONObject = ["name": "bob", "mount_accessor": .string(bob.accessor), "canonical_id": to]
        #expect(await bob.server.ask(.update, "identity/entity-alias", alias, token: writer).code == .permissionDenied)
        #expect(await bob.server.ask(.update, "identity/entity/merge", merge, token: sudo).isSuccess)
        #expect(await bob.server.ask(.read, "auth/token/lookup-self", token: bob.token).isSuccess)
    }
}
