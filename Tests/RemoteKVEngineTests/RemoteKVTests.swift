import EngineKit
import RemoteKVEngine
import Syntax
import Testing

@Suite("Secrets that another server keeps")
struct RemoteKVTests {
    @Test("a write sends on what it replaces, and notes whose it is")
    func writes() async throws {
        let vault = ScriptedVault { _ in RemoteAnswer(status: 200, data: ["version": 3]) }
        let written = try await vault.send(.update, "data/p/x", ["data": ["value": "v"], "options": ["cas": 2]])
        #expect(written["created_by"] == "newsbot" && written["version"] == 3)
        #expect(vault.calls == ["put kept/data/p/x", "patch kept/metadata/p/x"])
        #expect(vault.bodies[0] == ["data": ["value": "v"], "options": ["cas": 2]])
        #expect(vault.bodies[1] == ["custom_metadata": ["updated_by_3": "newsbot"]])
    }

    @Test(
        "every refusal there is a refusal here, and none of its words come through",
        arguments: [
            (400, CofferError.Code.invalidRequest), (403, .unavailable), (404, .notFound), (405, .unavailable), (429, .unavailable),
            (500, .unavailable), (503, .unavailable), (307, .unavailable),
        ])
    func refusals(status: Int, code: CofferError.Code) async {
        let vault = ScriptedVault { _ in RemoteAnswer(status: status, errors: ["canary"]) }
        for (operation, path) in [
            (.read, "data/p/x"), (.update, "data/p/x"), (.delete, "data/p/x"), (.read, "metadata/p/x"), (.update, "undelete/p/x"),
        ] as [(EngineKit.Operation, String)] {
            let refusal = await vault.refusal(operation, path)
            #expect(refusal?.code == code)
            #expect(refusal?.messages.joined().utf8.count ?? 0 < 200 && refusal?.messages.joined().contains("canary") == false)
        }
    }

    @Test("a version that was written meanwhile is a mismatch, which a caller can tell from other refusals")
    func mismatch() async {
        let vault = ScriptedVault { _ in
            RemoteAnswer(status: 400, errors: ["check-and-set parameter did not match the current version"])
        }
        let refusal = await vault.refusal(.update, "data/p/x", ["data": [:], "options": ["cas": 1]])
        #expect(
            refusal?.code == CofferError.checkAndSetMismatch.code && refusal?.messages == CofferError.checkAndSetMismatch.messages)
        #expect(vault.calls.count == 1)
    }

    @Test("a server that cannot be reached is no absence")
    func unreachable() async {
        let vault = ScriptedVault { _ throws(RemoteFailure) in throw RemoteFailure() }
        #expect(await vault.refusal(.read, "data/p/x")?.code == .unavailable)
        #expect(await vault.refusal(.list, "metadata/")?.code == .unavailable)
    }
}

@Suite("Lists of secrets that another server keeps")
struct RemoteListingTests {
    private static let tree = ["": ["a", "open/", "shut/"], "open/": ["b"], "shut/": ["c"]]

    private func vault() -> ScriptedVault {
        ScriptedVault { call in
            let folder = String(Substring(call.utf8.dropFirst("list kept/metadata/".utf8.count)))
            guard let names = Self.tree[folder] else { return RemoteAnswer(status: 404) }
            return RemoteAnswer(status: 200, data: ["keys": .strings(names)])
        }
    }

    @Test("go only into folders that the caller may list")
    func descends() async throws {
        let vault = vault()
        let listed = try await vault.send(.list, "metadata/", ["recursive": true]) { operation, path in
            operation == .list && path == "metadata/open/"
        }
        #expect(listed["keys"] == ["a", "open/b", "shut/"])
        #expect(!vault.calls.contains("list kept/metadata/shut/"))
        #expect(try await vault.send(.list, "metadata/")["keys"] == ["a", "open/", "shut/"])
    }

    @Test("have every secret, or are refused")
    func whole() async throws {
        let vault = ScriptedVault { call in
            switch call {
            case "list kept/metadata/p/": RemoteAnswer(status: 200, data: ["keys": ["a", "b", "c"]])
            case "get kept/metadata/p/b": RemoteAnswer(status: 503)
            case "get kept/metadata/p/c": RemoteAnswer(status: 404)
            default: RemoteAnswer(status: 200, data: ["current_version": 1, "versions": ["1": [:]]])
            }
        }
        #expect(await vault.refusal(.list, "detailed-metadata/p/")?.code == .unavailable)
    }

    @Test("ask for a bounded number of folders")
    func bounded() async {
        let vault = ScriptedVault { _ in RemoteAnswer(status: 200, data: ["keys": ["deeper/"]]) }
        #expect(await vault.refusal(.list, "metadata/", ["recursive": true])?.code == .invalidRequest)
        #expect(vault.calls.count == 2_000)
    }
}
