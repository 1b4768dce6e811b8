import Syntax
import Testing

@Suite("coffer service env")
struct ServiceEnvTests {
    /// A server with these secrets in `services/p/prod/`.
    private static func run(_ secrets: [(String, String)], _ arguments: [String]) async -> CommandRun {
        await CommandRun(["service", "env", "-project=p", "-env=prod"] + arguments) { _, path in
            if path.utf8.starts(with: "services/metadata/p/prod/".utf8) {
                return secrets.isEmpty ? (404, ["errors": []]) : (200, envelope(["keys": .array(secrets.map { .string($0.0) })]))
            }
            if path.utf8.starts(with: "services/metadata/p/?".utf8) { return (200, envelope(["keys": ["prod/", "staging/"]])) }
            let found = secrets.first { path == "services/data/p/prod/\($0.0)" }
            return found.map { (200, envelope(["data": ["value": .string($0.1)]])) } ?? (404, ["errors": []])
        }
    }

    @Test("quotes for a shell byte by byte")
    func shell() async {
        let run = await Self.run([("A", "x'\u{301};id;'\u{301}")], ["-as=shell"])
        #expect(Array(run.output.utf8) == Array("export A='x'\\''\u{301};id;'\\''\u{301}'\n".utf8))
    }

    @Test("refuses a NUL, also before a combining mark", arguments: ["a\0b", "a\0\u{301}b"])
    func zero(value: String) async {
        let run = await Self.run([("A", value)], ["-as=shell"])
        #expect(run.status == 1)
        #expect(run.output.isEmpty)
    }

    @Test(
        "refuses names that steer programs, unless they are named",
        arguments: [
            "PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "FOO_PRELOAD", "BASH_ENV", "BASH_FUNC_ls__", "ENV",
            "IFS",
            "SHELLOPTS", "PYTHONPATH", "PYTHONSTARTUP", "NODE_OPTIONS", "PERL5LIB", "PERL5OPT", "RUBYOPT", "GIT_SSH_COMMAND",
            "HTTPS_PROXY", "https_proxy", "_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "VAULT_ADDR", "HOME",
        ])
    func steering(name: String) async {
        for form in ["shell", "dotenv"] {
            let refused = await Self.run([("ok", "1"), (name, "/evil")], ["-as=\(form)"])
            #expect(refused.status == 1)
            #expect(refused.output.isEmpty)
            #expect(refused.errors.contains("-allow-name=\(name)"))
            #expect(!refused.errors.contains("/evil"))
            let named = await Self.run([("ok", "1"), (name, "/evil")], ["-as=\(form)", "-allow-name=\(name)"])
            #expect(named.status == 0)
            #expect(named.output.contains("\(name)="))
        }
        let data = await Self.run([(name, "/evil")], ["-as=json"])
        #expect(data.status == 0)
    }

    @Test("refuses a name that only becomes one by its translation")
    func translated() async {
        #expect(await Self.run([("ld/preload", "x")], ["-upper"]).status == 1)
        #expect(await Self.run([("LD.PRELOAD", "x")], []).status == 1)
        #expect(await Self.run([("path", "x")], ["-as=shell"]).status == 1)
        #expect(await Self.run([("path", "x")], []).status == 1)
        #expect(await Self.run([("path", "x")], ["-as=json"]).status == 0)
    }

    @Test(
        "lets ordinary names be",
        arguments: ["API_KEY", "DB_PASSWORD", "GOOGLE_API_KEY", "NODE_ENV", "SSH_PRIVATE_KEY", "DATABASE_URL"])
    func ordinary(name: String) async {
        #expect(await Self.run([(name, "x")], ["-as=shell"]).status == 0)
    }

    @Test("is an error where there is nothing, and says what there is", arguments: [[], ["-as=json"], ["--", "true"]])
    func nothing(arguments: [String]) async {
        let run = await Self.run([], arguments)
        #expect(run.status == 2)
        #expect(run.errors.contains("services/p/prod/"))
        #expect(run.errors.contains("staging/"))
    }

    @Test("names the readers of .env files that read a value in another way")
    func warning() async {
        let run = await Self.run([("A", "it's $5"), ("B", "plain")], [])
        #expect(run.errors.contains("A: node, python-dotenv"))
        #expect(!run.errors.contains("B"))
        #expect(!run.errors.contains("$5"))
        #expect(await Self.run([("A", "pa$$w'rd")], ["-as=json"]).errors.isEmpty)
    }
}
