import CLI
import Syntax
import Testing

@Suite struct ArgumentTests {
    @Test(
        "reads flags in Vault's manner",
        arguments: [
            (["kv", "get", "-field=a", "x"], ["kv", "get", "--field=a", "x"]),
            (["kv", "get", "-field", "a", "x"], ["kv", "get", "--field=a", "x"]),
            (["kv", "get", "x", "--field", "-a"], ["kv", "get", "x", "--field=-a"]),
            (["write", "-f", "x"], ["write", "-f", "x"]),
            (["write", "-force=true", "x"], ["write", "--force", "x"]),
            (["write", "-force=false", "x"], ["write", "x"]),
            (["token", "create", "-renewable=false"], ["token", "create", "--no-renewable"]),
            (["kv", "put", "x", "-"], ["kv", "put", "x", "-"]),
            (["kv", "put", "x", "--", "-a=b"], ["kv", "put", "x", "--", "-a=b"]),
            (["kv", "put", "-cas", "-1", "x"], ["kv", "put", "--cas=-1", "x"]),
            (["x", "-1"], ["x", "-1"]),
            (["-version"], ["--version"]),
            (["kv", "get", "-version=2", "x"], ["kv", "get", "--version=2", "x"]),
            (["kv", "get", "-mount=a=b", "x"], ["kv", "get", "--mount=a=b", "x"]),
            (["kv", "get", "-field"], ["kv", "get", "--field"]),
            (["audit", "search", "-accessor", "a", "x"], ["audit", "search", "--accessor=a", "x"]),
            (["audit", "search", "-accessor=t", "x"], ["audit", "search", "--accessor=t", "x"]),
            (["token", "lookup", "-accessor", "a"], ["token", "lookup", "--accessor", "a"]),
        ])
    func rewriting(given: [String], expected: [String]) {
        #expect(ArgumentRewriting.normalized(given) == expected)
    }

    @Test("knows of every flag whether it takes a value")
    func booleans() async throws {
        let run = await CommandRun(["--experimental-dump-help"])
        let tree = try JSON(parsing: run.output)["command"]
        var wrong: [String] = []
        var seen = 0
        func visit(_ command: JSON?) {
            for argument in command?["arguments"]?.arrayValue ?? [] {
                guard let kind = argument["kind"]?.stringValue, kind != "positional" else { continue }
                for name in argument["names"]?.arrayValue?.compactMap({ $0["name"]?.stringValue }) ?? [] {
                    let plain = name.hasPrefix("no-") && ArgumentRewriting.invertible.contains(String(name.dropFirst(3)))
                    seen += 1
                    if name == "version", kind == "flag" { continue }
                    // Of `audit search`, which the rewriting knows.
                    if name == "accessor", kind == "option" { continue }
                    if (ArgumentRewriting.booleans.contains(name) || plain) != (kind == "flag") {
                        wrong.append("\(name) is a \(kind)")
                    }
                }
            }
            for child in command?["subcommands"]?.arrayValue ?? [] { visit(child) }
        }
        visit(tree)
        #expect(wrong.isEmpty)
        #expect(seen > 100)
    }

    @Test(
        "turns key=value into a body",
        arguments: [
            (["a=b"], ["a": "b"]),
            (["a=b=c"], ["a": "b=c"]),
            (["a="], ["a": ""]),
            (["a=1", "a=2", "a=3"], ["a": ["1", "2", "3"]]),
            ([#"a=\@b"#], ["a": "@b"]),
            ([#"a=\b"#], ["a": #"\b"#]),
            (["a=-", "b=1"], ["a": #"{"n": 1.00, "deep": [null]}"#, "b": "1"]),
            (["-", "b=1"], ["n": .number("1.00"), "deep": [.null], "b": "1"]),
        ] as [([String], JSON)])
    func keyValue(arguments: [String], expected: JSON) async {
        let run = await CommandRun(["write", "x"] + arguments, input: #"{"n": 1.00, "deep": [null]}"#)
        #expect(run.sent == expected)
        #expect(run.status == 0)
    }

    @Test(
        "refuses data that is no key=value without repeating it",
        arguments: ["hunter2", "=hunter2", "@/no/such/file-hunter", "a=@/no/such/file"])
    func badData(argument: String) async {
        let run = await CommandRun(["kv", "put", "secret/x", argument])
        #expect(run.status == 1)
        #expect(run.requests.isEmpty)
        #expect(!run.errors.contains("hunter2"))
        #expect(!run.errors.isEmpty)
    }

    @Test("refuses to read the standard input twice")
    func inputTwice() async {
        let run = await CommandRun(["write", "x", "a=-", "b=-"], input: "text")
        #expect(run.status == 1)
        #expect(run.errors.contains("only one argument"))
    }

    @Test(
        "ends with 1 and sends nothing on a bad command line",
        arguments: [
            ["kv", "get"], ["kv", "get", "a", "b"], ["kv", "get", "-bogus", "a"], ["kv", "get", "-format=xml", "secret/a"], ["kv"],
            ["bogus"],
            ["write", "x"], ["kv", "put", "secret/x"], ["kv", "destroy", "secret/x"], ["kv", "destroy", "-versions=a", "secret/x"],
            ["kv", "rollback", "secret/x"], ["token", "create", "-ttl=soon"], ["token", "revoke"], ["status", "extra"],
            ["token", "revoke", "-accessor", "-mode=orphan", "x"], ["read", "-wrap-ttl=soon", "x"], ["read", "-header=x", "x"],
            ["policy", "write", "a", "/no/such/file"], ["server"], ["server", "-dev", "extra"], ["login", "-method=nosuch"],
            ["read", "/"],
            ["operator", "generate-root", "-decode=AAAA"], ["operator", "generate-root", "-decode=AAAA", "-otp=toolong"],
            ["kv", "get", "-cas"],
        ])
    func badCommandLine(arguments: [String]) async {
        let run = await CommandRun(arguments)
        #expect(run.status == 1)
        #expect(run.requests.isEmpty)
        #expect(run.output.isEmpty)
        #expect(!run.errors.isEmpty)
    }

    @Test("does not repeat the arguments of a command that does not exist")
    func unknownCommand() async {
        let run = await CommandRun(["kv", "putt", "secret/x", "password=hunter2"])
        #expect(run.status == 1)
        #expect(run.errors.contains("Unknown command: coffer kv putt"))
        #expect(!run.errors.contains("hunter2"))
    }

    @Test(
        "prints help on stdout and ends with 0",
        arguments: [["-h"], ["--help"], ["-help"], ["kv", "get", "-help"], ["help", "kv"]])
    func help(arguments: [String]) async {
        let run = await CommandRun(arguments)
        #expect(run.status == 0)
        #expect(run.output.contains("USAGE"))
    }

    @Test("prints its version", arguments: [["version"], ["-version"], ["--version"], ["-v"], ["version", "--"]])
    func version(arguments: [String]) async {
        let run = await CommandRun(arguments)
        #expect(run.output.hasPrefix("Coffer v"))
        #expect(run.status == 0)
    }
}
