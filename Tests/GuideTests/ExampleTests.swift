import EngineKit
import NIOHTTP1
import Syntax
import TestSupport
import Testing

@Suite("Examples of the guides")
struct ExampleTests {
    @Test("the engine writes, lists, reads and deletes notes")
    func engine() async throws {
        let server = try await GuideServer.make()
        #expect(await server.ask(.update, "sys/mounts/notes", body: ["type": "notes"]).isSuccess)
        #expect(await server.ask(.update, "notes/notes/today", body: ["text": "buy milk"]).isSuccess)
        #expect(await server.ask(.read, "notes/notes/today").data == ["text": "buy milk"])
        #expect(await server.ask(.list, "notes/notes").data == ["keys": ["today"]])
        #expect(await server.ask(.update, "notes/notes/today").code == .invalidRequest)
        #expect(await server.ask(.delete, "notes/notes/today").isSuccess)
        #expect(await server.ask(.read, "notes/notes/today").code == .notFound)
        #expect(await server.ask(.list, "notes/notes").code == .notFound)
    }

    @Test("what a policy does not allow, the engine never sees")
    func policies() async throws {
        let server = try await GuideServer.make()
        await server.ask(.update, "sys/mounts/notes", body: ["type": "notes"])
        await server.ask(.update, "notes/notes/today", body: ["text": "buy milk"])
        let policy: JSON = "path \"notes/notes/today\" { capabilities = [\"read\", \"create\"] }"
        await server.ask(.update, "sys/policies/acl/reader", body: ["policy": policy])
        let token = await server.ask(.update, "auth/token/create", body: ["policies": ["reader"]]).token
        #expect(await server.ask(.read, "notes/notes/today", token: token).data == ["text": "buy milk"])
        // The note exists, so this would be an update.
        #expect(await server.ask(.update, "notes/notes/today", body: ["text": "x"], token: token).code == .permissionDenied)
        #expect(await server.ask(.read, "notes/notes/other", token: token).code == .permissionDenied)
    }

    @Test("the auth method gives the policies of a badge, and refuses another code and a deleted badge")
    func method() async throws {
        let server = try await GuideServer.make()
        #expect(await server.ask(.update, "sys/auth/badge", body: ["type": "badge"]).isSuccess)
        let made = await server.ask(.update, "auth/badge/badges/robot", body: ["policies": ["default"]]).data
        let code = try #require(made?["code"])
        let token = try #require(await server.ask(.update, "auth/badge/login/robot", body: ["code": code], token: "").token)
        let own = await server.ask(.read, "auth/token/lookup-self", token: token).data
        #expect(own?["display_name"] == "badge-robot" || own?["display_name"] == "robot")
        #expect(own?["policies"] == ["default"])
        for body: JSONObject in [["code": "wrong"], ["code": ""], [:]] {
            for name in ["robot", "nobody"] {
                let answer = await server.ask(.update, "auth/badge/login/\(name)", body: body, token: "")
                #expect(answer.code == .permissionDenied)
            }
        }
        #expect(await server.ask(.update, "auth/token/renew-self", token: token).isSuccess)
        await server.ask(.delete, "auth/badge/badges/robot")
        #expect(await server.ask(.update, "auth/token/renew-self", token: token).isSuccess == false)
        #expect(await server.ask(.update, "auth/badge/login/robot", body: ["code": code], token: "").code == .permissionDenied)
    }

    @Test("a badge cannot give the root policy")
    func rootBadge() async throws {
        let server = try await GuideServer.make()
        await server.ask(.update, "sys/auth/badge", body: ["type": "badge"])
        let made = await server.ask(.update, "auth/badge/badges/robot", body: ["policies": ["root"]]).data
        let code = try #require(made?["code"])
        #expect(await server.ask(.update, "auth/badge/login/robot", body: ["code": code], token: "").token == nil)
    }

    @Test("the store keeps the contract", arguments: StorageContract.checks)
    func store(_ check: StorageContract.Check) async throws { try await check.run(ArrayStorage()) }

    @Test("a server runs over the store")
    func serverOverStore() async throws {
        let server = try await GuideServer.make(over: ArrayStorage())
        await server.ask(.update, "sys/mounts/notes", body: ["type": "notes"])
        await server.ask(.update, "notes/notes/today", body: ["text": "buy milk"])
        #expect(await server.ask(.read, "notes/notes/today").data == ["text": "buy milk"])
    }

    @Test("the dialect answers over HTTP")
    func dialect() async throws {
        let server = try await GuideServer.make()
        await server.ask(.update, "sys/mounts/notes", body: ["type": "notes"])
        await server.ask(.update, "notes/notes/today", body: ["text": "buy milk"])
        try await withListener(for: PlainDialect(pipeline: server.core)) { address in
            let note = "\(address)/plain/notes/notes/today"
            let token = ("X-Plain-Token", server.root)
            let found = try await fetch(note, headers: [token])
            #expect(found.status == 200 && found.text == #"{"text":"buy milk"}"#)
            let refused = try await fetch(note)
            #expect(refused.status == 403 && refused.type == "text/plain; charset=utf-8" && refused.text == "permission denied\n")
            #expect(try await fetch(note, headers: [token, token]).status == 400)
            #expect(try await fetch(note, method: .POST, headers: [token]).status == 405)
            #expect(try await fetch("\(address)/plain/notes/notes/other", headers: [token]).status == 404)
            #expect(try await fetch("\(address)/elsewhere").status == 404)
        }
    }
}
