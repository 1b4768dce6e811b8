import CLI
import CofferClient
import Syntax
import Testing

@Suite("A flag's value")
struct FlagValueTests {
    @Test(
        "may be empty, joined or as a word of its own",
        arguments: [
            (["-description="], ["--description", ""]), (["-description", ""], ["--description", ""]),
            (["--namespace=", "x"], ["--namespace", "", "x"]), (["-description=\u{301}x"], ["--description", "\u{301}x"]),
            (["-field=\u{301}", "p"], ["--field", "\u{301}", "p"]),
        ])
    func rewriting(given: [String], expected: [String]) {
        let words = ArgumentRewriting.normalized(["kv", "get"] + given)
        #expect(words.map { Array($0.utf8) } == (["kv", "get"] + expected).map { Array($0.utf8) })
    }

    @Test("that is empty clears a description and lists")
    func clearing() async {
        let flags = ["-description=", "-audit-non-hmac-request-keys=", "-passthrough-request-headers", "", "-default-lease-ttl="]
        let run = await CommandRun(["secrets", "tune"] + flags + ["a/"])
        #expect(run.status == 0)
        #expect(run.sent == ["audit_non_hmac_request_keys": [], "passthrough_request_headers": [], "description": ""])
        let auth = await CommandRun(["auth", "tune", "-description", "", "people/"])
        #expect(auth.sent == ["description": ""])
        let labels = await CommandRun(
            ["kv", "metadata", "put", "-custom-metadata=", "secret/a"], answer: mounts { _, _ in (204, nil) })
        #expect(labels.sent == ["custom_metadata": [:]])
    }

    @Test("that is empty says nothing where a name, a number or a time belongs")
    func saysNothing() async {
        let run = await CommandRun(["token", "create", "-ttl=", "-period=", "-role=", "-id=", "-type=", "-policy=default"])
        #expect(run.lines == ["POST auth/token/create"])
        #expect(run.sent?["ttl"] == nil && run.sent?["id"] == nil && run.sent?["policies"] == ["default"])
        let list = await CommandRun(
            ["kv", "list", "-mount=", "secret/"], answer: mounts { _, _ in (200, envelope(["keys": ["a"]])) })
        #expect(list.output.contains("a"))
        #expect(list.lines.last == "GET secret/metadata?list=true")
        #expect(await CommandRun(["kv", "get", "-version=", "secret/one"]).status == 1)
    }

    @Test("that is empty takes back what a variable says")
    func overridesVariables() async {
        let environment = ["COFFER_TOKEN": "t", "VAULT_NAMESPACE": "team-a", "VAULT_WRAP_TTL": "5m", "VAULT_FORMAT": "json"]
        let plain = await CommandRun(["read", "x"], environment: environment) { _, _ in (200, envelope(["a": "b"])) }
        func header(_ name: String, of run: CommandRun) -> String? { run.requests.last?.headers.first(named: name) }
        #expect(header("X-Vault-Namespace", of: plain) == "team-a" && header("X-Vault-Wrap-TTL", of: plain) == "5m")
        let taken = await CommandRun(["read", "-namespace=", "-wrap-ttl=", "-format=", "x"], environment: environment) { _, _ in
            (200, envelope(["a": "b"]))
        }
        #expect(header("X-Vault-Namespace", of: taken) == nil && header("X-Vault-Wrap-TTL", of: taken) == nil)
        #expect(taken.output.contains("Key"))
    }

    @Test("comes also before the command")
    func beforeTheCommand() async {
        let run = await CommandRun(
            ["-header=X-A=b", "-tls-skip-verify", "-namespace", "", "kv", "get", "-field=k", "secret/a"],
            answer: mounts { _, _ in
                (200, envelope(["data": ["k": "v"]]))
            })
        #expect(run.output == "v")
        #expect(run.requests.last?.headers.first(named: "X-A") == "b")
        #expect(await CommandRun(["-format=json", "sttus"]).errors.contains("Did you mean"))
        #expect(await CommandRun(["-help", "kv", "get"]).output.contains("coffer kv get"))
    }

    @Test("keeps a data's key apart from a value that begins with a combining mark")
    func keys() async {
        let run = await CommandRun(["write", "x", "password=\u{301}a=b", "at=@\u{301}/no/such"])
        #expect(run.status == 1)
        let sent = await CommandRun(["write", "x", "password=\u{301}a=b"])
        #expect(sent.sent == ["password": "\u{301}a=b"])
    }

    @Test("and a path's spaces and marks are kept", arguments: ["pw ", " pw", "a b ", "x\u{301}", "\u{301}x", "pw\t", "pw\u{A0}"])
    func paths(name: String) async {
        let run = await CommandRun(["read", "m/\(name)"]) { _, _ in (200, envelope(["a": "b"])) }
        let encoded = name.utf8.map { byte in
            let isPlain = byte >= 0x61 && byte <= 0x7A
            return isPlain ? String(Unicode.Scalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
        #expect(run.lines == ["GET m/\(encoded)"])
        let kv = await CommandRun(
            ["kv", "get", "secret/\(name)"], answer: mounts { _, _ in (200, envelope(["data": ["k": "v"]])) })
        #expect(kv.lines.last == "GET secret/data/\(encoded)")
    }
}
