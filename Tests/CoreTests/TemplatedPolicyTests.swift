import Core
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite struct TemplatedPolicyTests {
    private static let policy = """
        path "secret/data/team/{{identity.entity.metadata.team}}/*" { capabilities = ["read"] }
        path "secret/data/people/{{identity.entity.aliases.ACCESSOR.name}}" { capabilities = ["read"] }
        path "secret/data/groups/{{identity.groups.names.ops.id}}" { capabilities = ["read"] }
        path "secret/data/named/{{identity.entity.name}}" { capabilities = ["read"] }
        """

    private func server() async throws -> (server: CoreHarness, token: String, entity: String) {
        let server = try await CoreHarness.make()
        await server.ask(.update, "sys/auth/userpass", ["type": "userpass"])
        let accessor = await server.ask(.read, "sys/auth/userpass").data?["accessor"]?.stringValue ?? ""
        await server.writePolicy("t", Self.policy.split(separator: "ACCESSOR").joined(separator: accessor))
        // What the rules must not open although nothing else closes it.
        await server.writePolicy("open", "path \"secret/data/*\" { capabilities = [\"read\"] }")
        await server.ask(.update, "auth/userpass/users/bob", ["password": "right", "token_policies": "t"])
        let issued = try #require(await server.ask(.update, "auth/userpass/login/bob", ["password": "right"], token: nil).issued)
        for path in ["team/a/x", "team/b/x", "team/a/b/x", "people/bob", "people/eve", "named/bob", "named/eve", "team/x"] {
            await server.ask(.update, "secret/data/\(path)", ["data": ["k": "v"]])
        }
        return (server, issued.clientToken, issued.entityID)
    }

    @Test func factsOpenTheOwnPathsAndNoOthers() async throws {
        let (server, token, entity) = try await server()
        func mayRead(_ path: String) async -> Bool { await server.ask(.read, "secret/data/\(path)", token: token).isSuccess }
        #expect(await mayRead("people/bob"))
        #expect(await !mayRead("people/eve"))
        #expect(await !mayRead("team/a/x"))
        await server.ask(.update, "identity/entity/id/\(entity)", ["metadata": ["team": "a"], "name": "eve"])
        #expect(await mayRead("team/a/x"))
        #expect(await !mayRead("team/b/x"))
        #expect(await mayRead("named/eve"))
        #expect(await !mayRead("named/bob"))
        let group =
            await server.ask(.update, "identity/group", ["name": "ops", "member_entity_ids": [.string(entity)]])
            .data?["id"]?.stringValue ?? ""
        await server.ask(.update, "secret/data/groups/\(group)", ["data": ["k": "v"]])
        #expect(await mayRead("groups/\(group)"))
        await server.ask(.update, "identity/group/name/ops", ["member_entity_ids": []])
        #expect(await !mayRead("groups/\(group)"))
    }

    @Test(arguments: ["*", "+", "a/b", "a/", "/a", "..", "a,b", "a%2fb", "a*", "", "a\nb", "a\u{7}", "{{x}}", "a\\b", "\u{202E}a"])
    func aHostileValueDeniesInsteadOfWidening(value: String) async throws {
        let (server, token, entity) = try await server()
        // Another policy that would let the request through.
        await server.ask(.update, "identity/entity/id/\(entity)", ["policies": "open"])
        func mayRead(_ path: String) async -> Bool { await server.ask(.read, "secret/data/\(path)", token: token).isSuccess }
        await server.ask(.update, "identity/entity/id/\(entity)", ["metadata": ["team": "a"]])
        #expect(await mayRead("team/a/x"))
        let write = await server.ask(.update, "identity/entity/id/\(entity)", ["metadata": ["team": .string(value)]])
        #expect(write.isSuccess)
        for path in ["team/a/x", "team/b/x", "team/a/b/x"] { #expect(await !mayRead(path), "\(path)") }
    }

    @Test func aFactThatIsTakenAwayDenies() async throws {
        let (server, token, entity) = try await server()
        await server.ask(.update, "identity/entity/id/\(entity)", ["policies": "open", "metadata": ["team": "a"]])
        #expect(await server.ask(.read, "secret/data/team/a/x", token: token).isSuccess)
        await server.ask(.update, "identity/entity/id/\(entity)", ["metadata": [:]])
        #expect(await server.ask(.read, "secret/data/team/a/x", token: token).code == .permissionDenied)
    }

    @Test func aTokenWithoutAnEntityHasNoPathsOfItsOwn() async throws {
        let (server, _, _) = try await server()
        let token = try await server.token(["t", "open"])
        // The rules are about somebody else: they neither grant nor deny.
        #expect(await server.ask(.read, "secret/data/people/bob", token: token).isSuccess)
        let bare = try await server.token(["t"])
        #expect(await server.ask(.read, "secret/data/people/bob", token: bare).code == .permissionDenied)
    }
}
