import CofferClient
import Syntax
import Testing

@Suite("Wrapping that a variable asks for")
struct WrappingTests {
    private static let wrapped: JSON = [
        "request_id": "r", "data": .null,
        "wrap_info": ["token": "hvs.wrapping", "accessor": "a", "ttl": 300, "creation_time": "t", "creation_path": "p"],
    ]

    @Test(
        "is asked for, and shown, by every command",
        arguments: [
            ["read", "a"], ["kv", "get", "secret/a"], ["secrets", "list"], ["auth", "list"], ["policy", "read", "a"],
            ["policy", "list"], ["token", "capabilities", "a"],
        ])
    func wrapped(arguments: [String]) async {
        let environment = ["COFFER_TOKEN": "t", "VAULT_WRAP_TTL": "5m"]
        let run = await CommandRun(arguments, environment: environment, answer: mounts { _, _ in (200, Self.wrapped) })
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("hvs.wrapping"))
        #expect(run.requests.last?.headers.first(named: "X-Vault-Wrap-TTL") == "5m")
    }

    @Test("leaves no field of the secret to print")
    func field() async {
        let run = await CommandRun(
            ["kv", "get", "-field=k", "secret/a"], environment: ["COFFER_TOKEN": "t", "COFFER_WRAP_TTL": "5m"],
            answer: mounts { _, _ in (200, Self.wrapped) })
        #expect(run.status == 1)
        #expect(run.output.isEmpty)
    }

    @Test("is not gone round by exporting secrets as variables")
    func export() async {
        let run = await CommandRun(
            ["service", "env", "-project=p", "-env=e"], environment: ["COFFER_TOKEN": "t", "VAULT_WRAP_TTL": "5m"])
        #expect(run.status == 1)
        #expect(run.requests.isEmpty)
    }

    @Test("and other settings that are not supported are said to be", arguments: ["VAULT_RATE_LIMIT", "VAULT_SRV_LOOKUP"])
    func unsupported(name: String) async {
        let run = await CommandRun(["read", "a"], environment: ["COFFER_TOKEN": "t", name: "1"]) { _, _ in
            (200, envelope(["a": "b"]))
        }
        #expect(run.errors.contains(name))
    }
}
