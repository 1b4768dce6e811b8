import EngineKit
import Syntax
import TestSupport
import Testing

/// Names that share a prefix of characters with another's and not of bytes, or the other way round.
@Suite("Mounts, leases and globs by their bytes")
struct CoreByteTests {
    private static let twin = "\u{0D4E}"

    @Test func `a twin of an auth mount's name, enabled, moved and disabled, ends nobody's tokens`() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "sys/auth/userpass", ["type": "userpass"])
        await server.ask(.update, "auth/userpass/users/bob", ["password": "pw-of-bob"])
        let token = try #require(await server.ask(.update, "auth/userpass/login/bob", ["password": "pw-of-bob"]).issued).clientToken
        for name in ["userpass\(Self.twin)", "userpass\(Self.twin)x"] {
            await server.ask(.update, "sys/auth/\(name)", ["type": "userpass"])
            await server.ask(.update, "sys/remount", ["from": .string("auth/\(name)"), "to": "auth/elsewhere"])
            await server.ask(.delete, "sys/auth/\(name)")
            await server.ask(.delete, "sys/auth/elsewhere")
        }
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token).isSuccess)
    }

    @Test(arguments: ["sys", "auth", "audit", "identity", "cubbyhole", "secret"])
    func `refuses a mount inside of another, whatever its name begins with`(outer: String) async throws {
        let server = try await CoreHarness.make()
        for inner in ["\u{301}x", "x", "\u{FE0F}x"] {
            let answer = await server.ask(.update, "sys/mounts/\(outer)/\(inner)", ["type": "kv"])
            #expect(answer.code == .invalidRequest, "\(outer)/\(inner.debugDescription)")
        }
        #expect(await server.ask(.update, "sys/mounts/a*\u{301}b", ["type": "kv"]).code == .invalidRequest)
        #expect(await server.ask(.update, "sys/remount", ["from": "secret", "to": "auth/\u{301}x"]).code == .invalidRequest)
    }

    @Test func `an auth mount is never shown as another`() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "sys/auth/x", ["type": "userpass"])
        await server.ask(.update, "sys/auth/\u{301}x", ["type": "userpass"])
        let keys = try #require(await server.ask(.read, "sys/auth").data).keys
        #expect(keys.filter { $0.utf8.elementsEqual("x/".utf8) }.count == 1)
    }

    @Test func `a glob of entity aliases stands for bytes`() async throws {
        let server = try await CoreHarness.make()
        await server.ask(
            .update, "auth/token/roles/r",
            ["allowed_policies": "default", "allowed_entity_aliases": ["user-*-x", "*\u{301}*", "caf\u{E9}-*"]])
        for (alias, isAllowed) in [
            ("user-1-x", true), ("user--x", true), ("user-x", false), ("user-1-xy", false), ("caf\u{E9}-1", true),
            ("cafe-1", false),
            ("\u{E9}\u{E9}", false), ("user-\u{E9}\u{E9}\u{E9}-x", true), ("user-\u{E9}\u{E9}\u{E9}", false),
        ] {
            let answer = await server.ask(.update, "auth/token/create/r", ["entity_alias": .string(alias)])
            #expect(answer.isSuccess == isAllowed, "\(alias.debugDescription): \(answer.error?.messages.first ?? "allowed")")
        }
    }

    @Test func `a quota for a path of marks bounds that path alone`() async throws {
        let server = try await CoreHarness.make()
        await server.ask(
            .update, "sys/quotas/rate-limit/q", ["path": .string("secret/data/a\(Self.twin)*"), "rate": 1, "interval": "1m"])
        for _ in 0..<3 { #expect(await server.ask(.read, "secret/data/ab").code == .notFound) }
    }
}
