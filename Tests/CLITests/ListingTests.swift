import CLI
import CofferClient
import Syntax
import Testing

@Suite struct ListingTests {
    private static let mount: JSON = [
        "type": "userpass", "accessor": "acc", "description": "people", "uuid": "u-1", "local": false, "seal_wrap": true,
        "config": ["default_lease_ttl": 3_600, "max_lease_ttl": 0, "token_type": "default-service", "force_no_cache": true],
        "options": .null, "running_plugin_version": "v1", "deprecation_status": "supported",
    ]

    @Test(
        "shows everything about mounts when asked",
        arguments: [("auth", "Token Type", "default-service"), ("secrets", "Force No Cache", "true")])
    func detailed(command: String, column: String, value: String) async {
        let run = await CommandRun([command, "list", "-detailed"]) { _, _ in (200, envelope(["x/": Self.mount])) }
        let lines = run.output.split(separator: "\n")
        #expect(lines.count == 3)
        for (text, line) in [
            (column, 0), ("Deprecation Status", 0), (value, 2), ("1h", 2), ("system", 2), ("u-1", 2), ("{}", 2),
        ] {
            #expect(lines[line].contains(text), "\(text)")
        }
    }

    @Test("shows what the server tells about listed names")
    func keyInformation() async {
        let data: JSON = ["keys": ["a", "b"], "key_info": ["a": ["name": "ann"], "b": ["name": "bob", "ttl": 60]]]
        let run = await CommandRun(["list", "-detailed", "identity/entity/id", "limit=2"]) { _, _ in (200, envelope(data)) }
        #expect(run.lines == ["GET identity/entity/id?limit=2&list=true"])
        #expect(
            run.output == """
                Keys    name    ttl
                ----    ----    ---
                a       ann     n/a
                b       bob     1m

                """)
    }

    @Test("refuses a version below 0") func negativeVersion() async {
        let run = await CommandRun(["kv", "get", "-version=-1", "secret/x"], answer: mounts { _, _ in (200, envelope([:])) })
        #expect(run.status == 1)
        #expect(run.requests.isEmpty)
    }

    @Test("gives a path's help whole to programs") func pathHelp() async throws {
        let answer: JSON = ["help": "text", "see_also": .null, "openapi": ["openapi": "3.0.2"]]
        let run = await CommandRun(["path-help", "-format=json", "secret"]) { _, _ in (200, answer) }
        #expect(try JSON(parsing: run.output) == answer)
        #expect(await CommandRun(["path-help", "secret"]) { _, _ in (200, answer) }.output == "text\n")
    }

    @Test("says where to look when nothing is mounted at a path") func nothingMounted() async {
        let run = await CommandRun(["read", "none/x"]) { _, _ in
            (404, ["errors": ["no handler for route \"none/x\". route entry not found."]])
        }
        #expect(run.status == 2)
        #expect(run.errors.contains("coffer secrets list"))
    }
}
