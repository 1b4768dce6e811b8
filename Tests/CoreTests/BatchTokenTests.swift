import Core
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite struct BatchTokenTests {
    private func server() async throws -> CoreHarness {
        let server = try await CoreHarness.make()
        await server.ask(.update, "secret/data/app", ["data": ["k": "v"]])
        await server.writePolicy("app", "path \"secret/data/app\" { capabilities = [\"read\"] }")
        await server.writePolicy("maker", "path \"auth/token/create*\" { capabilities = [\"create\", \"update\"] }")
        return server
    }

    private func batch(_ server: CoreHarness, _ more: JSONObject = [:], token: String = "") async throws -> IssuedAuth {
        var body: JSONObject = ["type": "batch", "policies": "app", "ttl": "1h"]
        for member in more { body[member.key] = member.value }
        return try #require(await server.ask(.update, "auth/token/create", body, token: token).issued)
    }

    @Test func sayWhatTheyAreAndLeaveNoRecord() async throws {
        let server = try await server()
        let before = try await server.storage.list(Listing(prefix: "", isRecursive: true)).count
        let made = try await batch(server, ["meta": ["who": "me"], "display_name": "ci"])
        #expect(try await server.storage.list(Listing(prefix: "", isRecursive: true)).count == before)
        #expect(made.clientToken.hasPrefix("coffer.b.") && made.accessor.isEmpty && made.type == .batch && !made.isRenewable)
        #expect(made.policies == ["app", "default"] && made.leaseSeconds == 3600 && !made.isOrphan)
        for data in [
            await server.ask(.read, "auth/token/lookup-self", token: made.clientToken).data,
            await server.ask(.update, "auth/token/lookup", ["token": .string(made.clientToken)]).data,
        ] {
            #expect(data?["type"] == "batch" && data?["accessor"] == "" && data?["id"] == .string(made.clientToken))
            #expect(data?["renewable"] == false && data?["orphan"] == false && data?["num_uses"] == 0 && data?["ttl"] == 3600)
            #expect(data?["meta"]?["who"] == "me" && data?["display_name"] == "token-ci")
            #expect(data?["path"] == "auth/token/create")
        }
        #expect(await server.ask(.read, "secret/data/app", token: made.clientToken).isSuccess)
        #expect(await server.ask(.read, "secret/data/other", token: made.clientToken).code == .permissionDenied)
        let asked = await server.ask(
            .update, "sys/capabilities", ["token": .string(made.clientToken), "paths": "secret/data/app"])
        #expect(asked.data?["capabilities"] == ["read"])
    }

    @Test func haveNoChildrenNoCubbyholeAndNoRenewal() async throws {
        let server = try await server()
        await server.writePolicy(
            "all", "path \"*\" { capabilities = [\"create\", \"read\", \"update\", \"delete\", \"list\", \"sudo\"] }")
        let token = try await batch(server, ["policies": "all"]).clientToken
        for (path, body) in [
            ("auth/token/create", [:]), ("auth/token/create-orphan", [:]), ("cubbyhole/x", ["k": "v"]),
            ("auth/token/renew-self", [:]), ("auth/token/revoke-self", [:]), ("auth/token/renew", ["token": .string(token)]),
            ("auth/token/revoke", ["token": .string(token)]), ("auth/token/revoke-orphan", ["token": .string(token)]),
        ] as [(String, JSONObject)] {
            #expect(await server.ask(.update, path, body, token: token).code == .invalidRequest, "\(path)")
        }
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token).isSuccess)
    }

    @Test(
        arguments: [
            ["period": "1h"], ["num_uses": 3], ["explicit_max_ttl": "1h"], ["id": "chosen"], ["policies": "root"],
            ["type": "other"],
        ] as [JSONObject])
    func areRefusedWhatNeedsARecord(more: JSONObject) async throws {
        let server = try await server()
        var body: JSONObject = ["type": "batch", "policies": "app"]
        for member in more { body[member.key] = member.value }
        #expect(await server.ask(.update, "auth/token/create", body).code == .invalidRequest)
    }

    @Test func areRefusedWithAnyCharacterChanged() async throws {
        let server = try await server()
        let token = try await batch(server).clientToken
        let prefix = "coffer.b.".utf8.count
        for position in Array(token.utf8).indices where position >= prefix {
            var bytes = Array(token.utf8)
            bytes[position] = bytes[position] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            let changed = String(decoding: bytes, as: UTF8.self)
            guard changed != token else { continue }
            #expect(await server.ask(.read, "auth/token/lookup-self", token: changed).code == .permissionDenied, "\(position)")
        }
        for changed in [String(token.dropLast()), token + "A", token + "=", "coffer.b.", token.uppercased(), token + token] {
            #expect(await server.ask(.read, "auth/token/lookup-self", token: changed).code == .permissionDenied)
        }
        // Sealed by another server, which has other keys.
        let elsewhere = try await CoreHarness.make(seed: 8)
        await elsewhere.writePolicy("app", "path \"secret/data/app\" { capabilities = [\"read\"] }")
        #expect(await elsewhere.ask(.read, "auth/token/lookup-self", token: token).code == .permissionDenied)
    }

    @Test func endOnTimeWhateverTheClockDoes() async throws {
        let server = try await server()
        let token = try await batch(server).clientToken
        let start = server.time.now()
        server.time.advance(seconds: 3599)
        #expect(await server.ask(.read, "secret/data/app", token: token).isSuccess)
        server.time.advance(seconds: 1)
        #expect(await server.ask(.read, "secret/data/app", token: token).code == .permissionDenied)
        // Set back behind its making: nobody knows how long it has lived.
        server.time.set(start.adding(seconds: -3600))
        #expect(await server.ask(.read, "secret/data/app", token: token).code == .permissionDenied)
        server.time.set(start.adding(seconds: 7200))
        #expect(await server.ask(.read, "secret/data/app", token: token).code == .permissionDenied)
    }

    @Test func outliveARestartAndTheRotationOfKeys() async throws {
        let server = try await server()
        let token = try await batch(server).clientToken
        #expect(await server.ask(.update, "sys/rotate").isSuccess)
        #expect(await server.ask(.read, "secret/data/app", token: token).isSuccess)
        #expect(await (try server.restarted()).ask(.read, "secret/data/app", token: token).isSuccess)
    }

    @Test func dieWithTheirParentAtOnce() async throws {
        let server = try await server()
        let parent = try await server.token(["app", "maker"])
        let child = try await batch(server, token: parent).clientToken
        #expect(await server.ask(.read, "secret/data/app", token: child).isSuccess)
        #expect(await server.ask(.update, "auth/token/revoke", ["token": .string(parent)]).isSuccess)
        #expect(await server.ask(.read, "secret/data/app", token: child).code == .permissionDenied)
        let short = try await server.token(["app", "maker"], ["ttl": "10s"])
        let other = try await batch(server, token: short).clientToken
        server.time.advance(seconds: 10)
        // Before any job has removed the parent.
        #expect(await server.ask(.read, "secret/data/app", token: other).code == .permissionDenied)
    }

    @Test func orphansOutliveWhoMadeThem() async throws {
        let server = try await server()
        await server.writePolicy("orphans", "path \"auth/token/create-orphan\" { capabilities = [\"update\", \"sudo\"] }")
        let parent = try await server.token(["app", "orphans"])
        let body: JSONObject = ["type": "batch", "policies": "app", "ttl": "1h"]
        let made = try #require(await server.ask(.update, "auth/token/create-orphan", body, token: parent).issued)
        #expect(made.isOrphan)
        await server.ask(.update, "auth/token/revoke", ["token": .string(parent)])
        #expect(await server.ask(.read, "secret/data/app", token: made.clientToken).isSuccess)
    }

    @Test func areRefusedWhenTheyWouldBeTooLong() async throws {
        let server = try await server()
        let meta = JSONObject((0..<20).map { .init(key: "k\($0)", value: .string(String(repeating: "v", count: 1_000))) })
        let body: JSONObject = ["type": "batch", "policies": "app", "meta": .object(meta)]
        #expect(await server.ask(.update, "auth/token/create", body).code == .tooLarge)
    }

    @Test(arguments: [
        ("service", "batch", "service"), ("batch", "service", "batch"), ("default-service", "default", "service"),
        ("default-service", "batch", "batch"), ("default-batch", "default", "batch"), ("default-batch", "service", "service"),
        ("default-batch", "default-batch", "batch"), ("default-service", "default-batch", "batch"),
    ])
    func aMountAndItsUsersDecideTogether(mount: String, user: String, wanted: String) async throws {
        let server = try await server()
        await server.ask(.update, "sys/auth/userpass", ["type": "userpass", "token_type": .string(mount)])
        let made = await server.ask(
            .update, "auth/userpass/users/bob", ["password": "right", "token_type": .string(user), "token_policies": "app"])
        #expect(made.isSuccess)
        let issued = await server.ask(.update, "auth/userpass/login/bob", ["password": "right"], token: nil).issued
        #expect(issued?.type.rawValue == wanted)
        let token = issued?.clientToken ?? ""
        #expect(await server.ask(.read, "secret/data/app", token: token).isSuccess)
        // They belong to an entity as any other.
        await server.ask(.update, "identity/entity/id/\(issued?.entityID ?? "")", ["disabled": true])
        #expect(await server.ask(.read, "secret/data/app", token: token).code == .permissionDenied)
    }

    @Test func usersWithAPeriodOrBoundedUsesGiveNone() async throws {
        let server = try await server()
        await server.ask(.update, "sys/auth/userpass", ["type": "userpass", "token_type": "batch"])
        for more in [["token_period": "1h"], ["token_num_uses": 2]] as [JSONObject] {
            var body: JSONObject = ["password": "right", "token_type": "batch"]
            for member in more { body[member.key] = member.value }
            #expect(await server.ask(.update, "auth/userpass/users/bob", body).code == .invalidRequest)
            body["token_type"] = "default"
            #expect(await server.ask(.update, "auth/userpass/users/bob", body).isSuccess)
            let login = await server.ask(.update, "auth/userpass/login/bob", ["password": "right"], token: nil)
            #expect(login.code == .invalidRequest)
            await server.ask(.delete, "auth/userpass/users/bob")
        }
    }

    @Test func aRolesTypeWins() async throws {
        let server = try await server()
        for (type, asked, wanted) in [
            ("batch", nil, "batch"), ("service", nil, "service"), ("default-batch", nil, "batch"),
            ("default-batch", "service", "service"), ("default-service", "batch", "batch"), ("batch", "service", nil),
            ("service", "batch", nil),
        ] as [(String, String?, String?)] {
            let role: JSONObject = ["token_type": .string(type), "allowed_policies": "app"]
            #expect(await server.ask(.update, "auth/token/roles/r", role).isSuccess)
            let made = await server.ask(.update, "auth/token/create/r", asked.map { ["type": .string($0)] } ?? [:])
            #expect(made.issued?.type.rawValue == wanted, "\(type) \(asked ?? "")")
        }
        let role: JSONObject = ["token_type": "batch", "token_period": "1h"]
        #expect(await server.ask(.update, "auth/token/roles/p", role).code == .invalidRequest)
    }
}
