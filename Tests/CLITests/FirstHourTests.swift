import Syntax
import Testing

@Suite("What a newcomer mistypes")
struct FirstHourTests {
    @Test(
        "is named with the argument that is missing",
        arguments: [
            (["kv", "get"], "<path> is missing", "coffer kv get [options] <path>"),
            (["policy", "write", "app"], "<file> is missing", "coffer policy write [options] <name> <file>"),
            (["secrets", "move", "a"], "<new path> is missing", "coffer secrets move [options] <mount> <new path>"),
            (["kv", "destroy", "-versions=1"], "<path> is missing", "coffer kv destroy"),
            (["write"], "<path> is missing", "coffer write"),
            (["token", "revoke"], "accessor with -accessor; -self", "coffer token revoke"),
            (["secrets", "enable", "a", "b"], "Too many arguments", "coffer secrets enable [options] <type>"),
        ])
    func missing(arguments: [String], expected: String, usage: String) async {
        let run = await CommandRun(arguments)
        #expect(run.status == 1)
        #expect(run.errors.contains(expected) && run.errors.contains(usage), "\(run.errors)")
        #expect(run.requests.isEmpty)
    }

    @Test(
        "is refused before it becomes a token that nobody accepts",
        arguments: [
            (["-cidr=1.2.3"], "-cidr=1.2.3: not an address"), (["-cidr=10.0.0.0/8,x"], "-cidr=x: not an address"),
            (["-cidr="], "-cidr="), (["-ttl=x"], "-ttl=x: not a duration"), (["-ttl=0"], "-ttl=0: not a duration"),
            (["-uses=0"], "-uses=0: not a number from 1"), (["-secrets=foo"], "-secrets=foo: not of the form mount:path"),
            (["-path="], "-path="), (["-op="], "-op="), ([String](), "No limit"),
        ])
    func limits(flags: [String], expected: String) async {
        let run = await CommandRun(["token", "attenuate"] + flags + ["--", "hvs.parent"])
        #expect(run.status == 1 && run.output.isEmpty)
        #expect(run.errors.contains(expected), "\(run.errors)")
        #expect(!run.errors.contains("hvs.parent"))
    }

    @Test(
        "is said of a token that no server made, which narrows nothing, and of one that is not whole",
        arguments: [
            ("garbage", 0, "was not made by a server"), ("hvs.parent", 0, "was not made by a server"),
            ("coffer.s.abc", 1, "not whole: it has 12 characters instead of 58"), ("two words", 1, "Not a token"),
        ])
    func parents(token: String, status: Int32, expected: String) async {
        let run = await CommandRun(["token", "attenuate", "-path=a", token])
        #expect(run.status == status && run.errors.contains(expected), "\(run.errors)")
        #expect(!run.errors.contains(token) && run.output.contains("coffer.c.") == (status == 0))
    }

    @Test("is not said of a server's token")
    func goodParent() async {
        let token = "coffer.s." + String(repeating: "a", count: 49)
        let run = await CommandRun(["token", "attenuate", "-path=a", token])
        #expect(run.status == 0 && run.errors.isEmpty && run.output.contains("coffer.c."))
        let again = await CommandRun(["token", "attenuate", "-path=b", String(run.output.prefix { $0 != "\n" })])
        #expect(again.status == 0 && again.errors.isEmpty)
    }

    @Test("is a limit where the server takes it", arguments: ["10.0.0.0/8,127.0.0.1", "::1", "2001:db8::/32"])
    func goodRanges(cidr: String) async {
        let run = await CommandRun(["token", "attenuate", "-cidr=\(cidr)", "hvs.parent"])
        #expect(run.status == 0 && run.output.contains("coffer.c."), "\(run.errors)")
    }

    @Test("is an error after help, with what may have been meant")
    func help() async {
        let run = await CommandRun(["help", "sttus"])
        #expect(run.status == 1 && run.errors.contains("Did you mean `coffer status`?"), "\(run.errors)")
        let group = await CommandRun(["help", "kv", "gte"])
        #expect(group.status == 1 && group.errors.contains("Did you mean `coffer kv get`?"), "\(group.errors)")
        for known in [["help"], ["help", "kv"], ["help", "kv", "get"], ["help", "read"]] {
            #expect(await CommandRun(known).status == 0)
        }
    }

    @Test("is answered with what the server said about the path")
    func warnings() async {
        let warning = "Invalid path for a versioned K/V secrets engine. See the API docs."
        let answer: @Sendable (String, String) -> (Int, JSON?) = { _, _ in (404, envelope(.null, warnings: .strings([warning]))) }
        let written = await CommandRun(["write", "secret/hello", "a=b"], answer: answer)
        #expect(written.status == 2 && written.errors.contains(warning) && written.errors.contains("coffer kv put"))
        #expect(!written.errors.contains("gave no reason"))
        let read = await CommandRun(["read", "secret/hello"], answer: answer)
        #expect(read.status == 2 && read.errors.contains(warning) && read.errors.contains("`coffer kv get secret/hello`"))
    }

    @Test("is told once when nothing is mounted there")
    func unmounted() async {
        let said = "No secrets engine is mounted at nothing/. See `coffer secrets list`"
        let run = await CommandRun(["kv", "get", "nothing/here"]) { _, path in
            path.hasPrefix("auth/token") ? (200, envelope(["policies": ["root"]])) : (403, ["errors": [.string(said)]])
        }
        #expect(run.errors.split(separator: "No secrets engine is mounted").count == 2, "\(run.errors)")
    }

    @Test("names the right that is missing", arguments: [(["read", "a/b"], "`read`"), (["list", "a/b"], "`list`")])
    func refused(arguments: [String], expected: String) async {
        let run = await CommandRun(arguments) { _, path in
            path.hasPrefix("auth/token")
                ? (200, envelope(["policies": ["weak"]])) : (403, ["errors": ["permission denied"]])
        }
        #expect(run.errors.contains("may not \(expected) `a/b`"), "\(run.errors)")
    }

    @Test(
        "gets one advice from a sealed server",
        arguments: [
            "Coffer is sealed; give the recovery keys to `coffer operator unseal`, or restart the server",
            "Coffer is sealed. The seal is being changed: give the recovery keys with `coffer operator unseal -migrate`",
        ])
    func sealed(said: String) async {
        let run = await CommandRun(["read", "a/b"], environment: ["COFFER_TOKEN": "t", "COFFER_MAX_RETRIES": "0"]) { _, path in
            path == "sys/seal-status" ? (200, ["type": "static", "sealed": true]) : (503, ["errors": [.string(said)]])
        }
        #expect(run.errors.contains(said))
        #expect(!run.errors.contains("takes no key shares"))
    }

    @Test(
        "reads help whose paragraphs are wrapped once",
        arguments: [["-help"], ["kv", "patch", "-help"], ["service", "env", "-help"]])
    func paragraphs(arguments: [String]) async {
        let help = await CommandRun(arguments)
        let lines = help.output.split(separator: "\n", omittingEmptySubsequences: false)
        let start = lines.firstIndex(of: "").map { $0 + 1 } ?? 0
        let paragraph = lines[start...].prefix { !$0.isEmpty }
        // A line may be short only because the next word did not fit.
        for (line, next) in zip(paragraph, paragraph.dropFirst()) {
            #expect(line.count + 1 + next.prefix { $0 != " " }.count >= 100, "\(line)")
        }
    }

    @Test("a long random token without dots may be a service's, and is narrowed without a warning")
    func serviceToken() async {
        for token in [String(repeating: "0123456789abcdef", count: 4), String(repeating: "x", count: 32)] {
            let run = await CommandRun(["token", "attenuate", "-op=read", token])
            #expect(run.status == 0 && run.errors.isEmpty && run.output.hasPrefix("coffer.c."))
        }
    }
}
