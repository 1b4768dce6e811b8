import CLI
import CofferClient
import Syntax
import Testing

@Suite struct UnwrapTests {
    @Test("unwraps a token that is named, in the caller's name", arguments: [["hvs.wrap"], ["-"]])
    func named(arguments: [String]) async {
        let run = await CommandRun(["unwrap", "-wrap-ttl=60s"] + arguments, input: "hvs.wrap\n") { _, _ in
            (200, envelope(["password": "p"]))
        }
        #expect(run.lines == ["PUT sys/wrapping/unwrap"])
        #expect(run.sent == ["token": "hvs.wrap"])
        #expect(run.requests[0].headers.first(named: "X-Vault-Token") == "hvs.test")
        #expect(run.requests[0].headers.first(named: "X-Vault-Wrap-TTL") == nil)
        #expect(run.output.contains("password    p\n"))
    }

    @Test(
        "unwraps with the wrapping token itself when there is no other",
        arguments: [(["hvs.wrap"], nil), ([], "hvs.wrap"), (["hvs.wrap"], "hvs.wrap")])
    func itself(arguments: [String], token: String?) async {
        var environment: [String: String] = [:]
        environment["COFFER_TOKEN"] = token
        let run = await CommandRun(["unwrap", "-field=password"] + arguments, environment: environment) { _, _ in
            (200, envelope(["password": "p"]))
        }
        #expect(run.sent == [:])
        #expect(run.requests.first?.headers.first(named: "X-Vault-Token") == "hvs.wrap")
        #expect(run.output == "p")
    }

    @Test("says that nothing was wrapped") func nothing() async {
        let run = await CommandRun(["unwrap", "hvs.wrap"])
        #expect(run.status == 0)
        #expect(run.output == "Successfully unwrapped. There was no data in the wrapped secret.\n")
        #expect(await CommandRun(["unwrap", "-field=x", "hvs.wrap"]).status == 1)
    }

    @Test("warns that somebody else may have unwrapped it") func refused() async {
        let run = await CommandRun(["unwrap", "hvs.wrap"]) { _, _ in
            (400, ["errors": ["wrapping token is not valid or does not exist"]])
        }
        #expect(run.status == 2)
        #expect(run.errors.contains("treat it as disclosed") && !run.errors.contains("hvs.wrap"))
    }

    @Test("needs a token") func noToken() async {
        let run = await CommandRun(["unwrap"], environment: [:])
        #expect(run.status == 1)
        #expect(run.requests.isEmpty)
    }

    @Test(
        "asks every kind of command's answer to be wrapped and shows the wrapping",
        arguments: [
            ["read", "x"], ["list", "x"], ["write", "-f", "x"], ["kv", "get", "secret/x"], ["kv", "list", "secret"],
            ["token", "create"], ["token", "lookup"],
        ])
    func wrapping(arguments: [String]) async {
        let wrap: JSON = [
            "token": "hvs.wrap", "accessor": "w", "ttl": 90, "creation_time": "2026-01-01T00:00:00Z", "creation_path": "x",
            "wrapped_accessor": "inner",
        ]
        let answer: JSON = ["request_id": "r", "data": .null, "wrap_info": wrap, "auth": .null]
        let run = await CommandRun(arguments + ["-wrap-ttl=90s"], answer: mounts { _, _ in (200, answer) })
        #expect(run.status == 0)
        #expect(run.requests.last?.headers.first(named: "X-Vault-Wrap-TTL") == "90s")
        // What a command looks up first it needs in the clear.
        #expect(run.requests.dropLast().allSatisfy { $0.headers.first(named: "X-Vault-Wrap-TTL") == nil })
        #expect(run.output.contains("wrapping_token:                  hvs.wrap\n"))
        #expect(run.output.contains("wrapping_token_ttl:              1m30s\n"))
        #expect(run.output.contains("wrapped_accessor:                inner\n"))
    }

    @Test("gives wrapped data a life when none is asked for")
    func wraps() async {
        let run = await CommandRun(["write", "sys/wrapping/wrap", "a=b"]) { _, _ in (200, envelope(.null)) }
        #expect(run.requests.last?.headers.contains { $0.name == "X-Vault-Wrap-TTL" && $0.value == "5m" } == true)
    }
}
