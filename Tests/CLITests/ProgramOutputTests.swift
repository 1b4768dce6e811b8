import CLI
import Synchronization
import Syntax
import Testing

@Suite("Output for programs")
struct ProgramOutputTests {
    @Test(
        "is JSON when something was done",
        arguments: [
            ["policy", "delete", "a"], ["secrets", "enable", "kv"], ["secrets", "disable", "kv"], ["secrets", "tune", "kv"],
            ["auth", "enable", "userpass"], ["auth", "disable", "x"], ["auth", "tune", "x"], ["token", "revoke", "t"],
            ["token", "revoke", "-mode=path", "auth/x"], ["operator", "generate-root", "-cancel"],
            ["operator", "rekey", "-cancel"],
            ["operator", "seal"], ["lease", "revoke", "a/b"], ["lease", "revoke", "-prefix", "a"], ["write", "a", "b=c"],
            ["delete", "a"],
            ["patch", "a", "b=c"], ["kv", "delete", "plain/a"], ["kv", "put", "plain/a", "b=c"],
            ["kv", "destroy", "-versions=1", "secret/a"],
            ["kv", "enable-versioning", "plain"], ["version"], ["unwrap", "t"], ["print", "token"],
            ["token", "attenuate", "-uses=1", "hvs.parent"],
        ])
    func done(arguments: [String]) async throws {
        for format in ["-format=json", "-format=yaml"] {
            let run = await CommandRun(arguments + [format], answer: mounts { _, _ in (204, nil) })
            #expect(run.status == 0, "\(run.errors)")
            #expect(!run.output.isEmpty)
            if format == "-format=json" { #expect(try JSON(parsing: run.output).objectValue != nil) }
        }
    }

    @Test(
        "is an empty object, and exit status 2, when there is nothing",
        arguments: [
            ["list", "a"], ["kv", "list", "secret/"], ["read", "a"], ["kv", "get", "secret/a"],
            ["kv", "metadata", "get", "secret/a"],
        ])
    func nothing(arguments: [String]) async throws {
        let run = await CommandRun(arguments + ["-format=json"], answer: mounts { _, _ in (404, ["errors": []]) })
        #expect(run.status == 2)
        #expect(run.output == "{}\n")
        #expect(try JSON(parsing: run.errors)["errors"]?.arrayValue?.count == 1)
    }

    @Test("is JSON on standard error for what went wrong")
    func errors() async throws {
        let refused = await CommandRun(["read", "a", "-format=json"]) { _, _ in (400, ["errors": ["first", "second"]]) }
        #expect(refused.output.isEmpty)
        let report = try JSON(parsing: refused.errors)
        #expect(report["errors"] == ["first", "second"])
        #expect(report["status"] == 400)
        for bad in [["read", "-format=json"], ["kv", "-format=json", "gte"], ["read", "-bogus=1", "x", "-format=json"]] {
            #expect(try JSON(parsing: await CommandRun(bad).errors)["errors"]?.arrayValue?.count == 1)
        }
        let byVariable = await CommandRun(["read"], environment: ["VAULT_FORMAT": "json"])
        #expect(try JSON(parsing: byVariable.errors)["errors"]?.arrayValue?.count == 1)
    }

    @Test("shows maps, lists and nothing as JSON in a table")
    func cells() async {
        let run = await CommandRun(["read", "a"]) { _, _ in
            (200, envelope(["map": ["b": 1, "a": ["x"]], "list": ["x", "y"], "none": .null]))
        }
        #expect(run.output.contains(#"{"a":["x"],"b":1}"#))
        #expect(run.output.contains(#"["x","y"]"#))
        #expect(run.output.contains("none    n/a"))
    }

    @Test("prints a lease that was renewed")
    func lease() async {
        let run = await CommandRun(["lease", "renew", "a/b"]) { _, _ in
            (200, ["request_id": "r", "lease_id": "a/b", "lease_duration": 600, "renewable": true, "data": .null])
        }
        #expect(run.status == 0)
        #expect(run.output.contains("a/b") && run.output.contains("10m"))
    }

    @Test("that cannot be written is an error")
    func disk() async {
        let said = Said()
        let console = Console(isTerminal: false, outputProblem: { "No space left on device" }) { text, isError in
            if isError { said.text.withLock { $0 += text } }
        }
        let system = System(environment: [:], console: console, input: Input(readInput: { [] }))
        #expect(await Program.run(["version"], system: system) == 1)
        #expect(said.text.withLock { $0 }.contains("No space left on device"))
    }

    @Test("shows control characters on a terminal, and hands them on to a pipe")
    func terminal() async {
        for isTerminal in [true, false] {
            let said = Said()
            let console = Console(isTerminal: isTerminal) { text, isError in if !isError { said.text.withLock { $0 += text } } }
            console.output("a\u{1B}[31mb\rc\u{9B}d\u{202E}e\tf\ng")
            let text = said.text.withLock { $0 }
            #expect(
                text == (isTerminal ? "a\\u001b[31mb\\u000dc\\u009bd\\u202ee\tf\ng\n" : "a\u{1B}[31mb\rc\u{9B}d\u{202E}e\tf\ng\n"))
        }
    }
}

private final class Said: Sendable {
    let text = Mutex("")
}
