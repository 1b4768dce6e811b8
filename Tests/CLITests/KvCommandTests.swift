import CofferClient
import Syntax
import Testing

@Suite struct KvCommandTests {
    static let metadata: JSON = [
        "created_time": "2026-01-01T00:00:00Z", "custom_metadata": .null, "deletion_time": "", "destroyed": false, "version": 1,
    ]

    @Test(
        "asks where the mount is, then writes a version",
        arguments: [["secret/db/pg"], ["-mount=secret", "db/pg"], ["-mount", "/secret/", "/db/pg/"]])
    func put(path: [String]) async {
        let run = await CommandRun(
            ["kv", "put"] + path + ["host=db", "port=5432"], answer: mounts { _, _ in (200, envelope(Self.metadata)) })
        #expect(run.lines == ["GET sys/internal/ui/mounts/secret/db/pg", "PUT secret/data/db/pg"])
        #expect(run.sent == ["data": ["host": "db", "port": "5432"], "options": [:]])
        #expect(
            run.output == """
                == Secret Path ==
                secret/data/db/pg

                ======= Metadata =======
                Key                Value
                ---                -----
                created_time       2026-01-01T00:00:00Z
                custom_metadata    n/a
                deletion_time      n/a
                destroyed          false
                version            1

                """)
        #expect(run.status == 0)
    }

    @Test(
        "sends check-and-set, and not for a negative number",
        arguments: [("0", ["cas": 0]), ("7", ["cas": 7]), ("-1", [:])] as [(String, JSON)])
    func checkAndSet(cas: String, options: JSON) async {
        let run = await CommandRun(
            ["kv", "put", "-cas=\(cas)", "secret/x", "a=b"], answer: mounts { _, _ in (200, envelope(Self.metadata)) })
        #expect(run.sent?["options"] == options)
    }

    @Test("writes to a version 1 mount without an envelope")
    func putVersion1() async {
        let run = await CommandRun(["kv", "put", "plain/x", "a=b"], answer: mounts { _, _ in (204, nil) })
        #expect(run.lines.last == "PUT plain/x")
        #expect(run.sent == ["a": "b"])
        #expect(run.output == "Success! Data written to: plain/x\n")
    }

    @Test("takes a server without the mount look-up for version 1")
    func oldServer() async {
        let run = await CommandRun(["kv", "get", "old/x"]) { _, path in
            path == "old/x" ? (200, envelope(["a": "b"])) : (404, ["errors": []])
        }
        #expect(run.lines.last == "GET old/x")
        #expect(run.output == "== Data ==\nKey    Value\n---    -----\na      b\n")
    }

    static func getAnswer(_ method: String, _ path: String) -> (Int, JSON?) {
        let data: JSON = ["z": .number("1.50"), "big": .number("12345678901234567890123"), "list": ["a", "b"], "ttl": 90]
        return (200, envelope(["data": data, "metadata": metadata]))
    }

    @Test("shows path, metadata and data of a secret")
    func get() async {
        let run = await CommandRun(["kv", "get", "-version=1", "secret/a-long/path"], answer: mounts(Self.getAnswer))
        #expect(run.lines.last == "GET secret/data/a-long/path?version=1")
        #expect(
            run.output == """
                ===== Secret Path =====
                secret/data/a-long/path

                ======= Metadata =======
                Key                Value
                ---                -----
                created_time       2026-01-01T00:00:00Z
                custom_metadata    n/a
                deletion_time      n/a
                destroyed          false
                version            1

                ==== Data ====
                Key     Value
                ---     -----
                big     12345678901234567890123
                list    ["a","b"]
                ttl     1m30s
                z       1.50

                """)
    }

    @Test("keeps the numbers of the answer in JSON and YAML", arguments: ["json", "yaml"])
    func numbers(format: String) async {
        let run = await CommandRun(["kv", "get", "-format", format, "secret/x"], answer: mounts(Self.getAnswer))
        #expect(run.output.contains(": 1.50"))
        #expect(run.output.contains(": 12345678901234567890123"))
        #expect(run.output.contains("request_id"))
    }

    @Test(
        "prints one field exactly",
        arguments: [
            ("z", "table", "1.50"), ("list", "table", #"["a","b"]"#), ("list", "json", "[\n  \"a\",\n  \"b\"\n]\n"),
            ("z", "yaml", "1.50\n"),
        ])
    func field(name: String, format: String, expected: String) async {
        let run = await CommandRun(
            ["kv", "get", "-field=\(name)", "-format=\(format)", "secret/x"], answer: mounts(Self.getAnswer))
        #expect(run.output == expected)
    }

    @Test("ends with 1 when a field is missing")
    func missingField() async {
        let run = await CommandRun(["kv", "get", "-field=none", "secret/x"], answer: mounts(Self.getAnswer))
        #expect(run.status == 1)
        #expect(run.errors == "Field none not present in secret\n")
    }

    @Test("ends with 2 when there is no secret")
    func missing() async {
        let run = await CommandRun(["kv", "get", "secret/x"], answer: mounts { _, _ in (404, ["errors": []]) })
        #expect(run.status == 2)
        #expect(run.errors == "No value found at secret/data/x\n")
        #expect(run.output.isEmpty)
    }

    @Test("shows the metadata of a deleted version and ends with 2", arguments: ["table", "json"])
    func deleted(format: String) async {
        let run = await CommandRun(
            ["kv", "get", "-format=\(format)", "secret/x"],
            answer: mounts { _, _ in
                (404, envelope(["data": .null, "metadata": Self.metadata]))
            })
        #expect(run.status == 2)
        #expect(run.output.contains("created_time"))
        #expect(!run.output.contains("= Data ="))
    }

    @Test("patches by a merge patch, and by reading and writing where the server cannot merge", arguments: [false, true])
    func patch(canMerge: Bool) async {
        let run = await CommandRun(
            ["kv", "patch", "-remove-data=old", "secret/x", "new=1"],
            answer: mounts { method, _ in
                switch method {
                case "PATCH": canMerge ? (200, envelope(Self.metadata)) : (405, ["errors": []])
                case "GET": (200, envelope(["data": ["old": "o", "kept": 1], "metadata": ["version": 4]]))
                default: (200, envelope(Self.metadata))
                }
            })
        #expect(run.status == 0)
        let content = run.requests.last?.headers.first { $0.name == "Content-Type" }?.value
        if canMerge {
            #expect(run.lines.last == "PATCH secret/data/x")
            #expect(content == "application/merge-patch+json")
            #expect(run.sent == ["data": ["new": "1", "old": .null], "options": [:]])
        } else {
            #expect(run.lines.suffix(3) == ["PATCH secret/data/x", "GET secret/data/x", "PUT secret/data/x"])
            #expect(run.sent == ["data": ["kept": 1, "new": "1"], "options": ["cas": 4]])
        }
    }

    @Test("rolls back even when the newest version is deleted, guarded by its number")
    func rollback() async {
        let run = await CommandRun(
            ["kv", "rollback", "-version=1", "secret/x"],
            answer: mounts { method, path in
                if method == "PUT" { return (200, envelope(Self.metadata)) }
                return path.contains("version=1")
                    ? (200, envelope(["data": ["a": "b"], "metadata": ["version": 1]]))
                    : (404, envelope(["data": .null, "metadata": ["version": 3]]))
            })
        #expect(run.status == 0)
        #expect(run.sent == ["data": ["a": "b"], "options": ["cas": 3]])
    }

    @Test(
        "reaches the route of every version command",
        arguments: [
            (["delete", "secret/x"], "DELETE secret/data/x", nil, "Success! Data deleted (if it existed) at: secret/data/x\n"),
            (
                ["delete", "-versions=1,2", "secret/x"], "PUT secret/delete/x", ["versions": [1, 2]],
                "Success! Data deleted (if it existed) at: secret/data/x\n"
            ),
            (
                ["undelete", "-versions=1", "secret/x"], "PUT secret/undelete/x", ["versions": [1]],
                "Success! Data written to: secret/undelete/x\n"
            ),
            (
                ["destroy", "-versions=1", "secret/x"], "PUT secret/destroy/x", ["versions": [1]],
                "Success! Data written to: secret/destroy/x\n"
            ),
            (
                ["metadata", "put", "-max-versions=3", "-cas-required", "-custom-metadata=a=b=c", "secret/x"],
                "PUT secret/metadata/x",
                ["max_versions": 3, "cas_required": true, "custom_metadata": ["a": "b=c"]],
                "Success! Data written to: secret/metadata/x\n"
            ),
            (
                ["metadata", "patch", "-cas-required=false", "-remove-custom-metadata=a", "secret/x"], "PATCH secret/metadata/x",
                ["cas_required": false, "custom_metadata": ["a": .null]], "Success! Data written to: secret/metadata/x\n"
            ),
            (
                ["metadata", "delete", "secret/x"], "DELETE secret/metadata/x", nil,
                "Success! Data deleted (if it existed) at: secret/metadata/x\n"
            ),
            (
                ["enable-versioning", "plain/"], "POST sys/mounts/plain/tune", ["options": ["version": "2"]],
                "Success! Tuned the secrets engine at: plain/\n"
            ),
        ] as [([String], String, JSON?, String)])
    func routes(arguments: [String], request: String, body: JSON?, output: String) async {
        let run = await CommandRun(["kv"] + arguments, answer: mounts { _, _ in (204, nil) })
        #expect(run.lines.last == request)
        #expect(run.sent == body)
        #expect(run.output == output)
        #expect(run.status == 0)
    }

    @Test(
        "refuses version commands on a version 1 mount",
        arguments: [["undelete", "-versions=1"], ["metadata", "get"], ["rollback", "-version=1"]])
    func version1(arguments: [String]) async {
        let run = await CommandRun(["kv"] + arguments + ["plain/x"], answer: mounts { _, _ in (204, nil) })
        #expect(run.status == 1)
        #expect(run.lines.count == 1)
    }

    @Test("lists a mount", arguments: [(["secret/"], "table"), (["-mount=secret"], "json")])
    func list(path: [String], format: String) async {
        let run = await CommandRun(
            ["kv", "list", "-format=\(format)"] + path, answer: mounts { _, _ in (200, envelope(["keys": ["a", "b/"]])) })
        #expect(run.lines.last == "GET secret/metadata?list=true")
        #expect(run.output == (format == "table" ? "Keys\n----\na\nb/\n" : "[\n  \"a\",\n  \"b/\"\n]\n"))
    }

    @Test(
        "names the path as it was written, with one slash where several were typed", arguments: ["secret/a//b", "/secret///a/b//"])
    func doubledSlashes(path: String) async {
        let run = await CommandRun(
            ["kv", "put", path, "c=d"], answer: mounts { _, _ in (200, envelope(Self.metadata)) })
        #expect(run.lines == ["GET sys/internal/ui/mounts/secret/a/b", "PUT secret/data/a/b"])
        #expect(run.output.hasPrefix("== Secret Path ==\nsecret/data/a/b\n"))
    }

    @Test(
        "a plain command below a version 2 mount is told the command of ours that fits",
        arguments: [("read", "get"), ("delete", "delete"), ("list", "list"), ("write", "put"), ("patch", "patch")])
    func plainCommands(plain: String, expected: String) async {
        let arguments = [plain, "secret/x"] + (["write", "patch"].contains(plain) ? ["a=b"] : [])
        let warning =
            "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using "
            + "the CLI, use 'coffer kv \(expected)' for this operation."
        let run = await CommandRun(arguments) { _, _ in (404, envelope(.null, warnings: .array([.string(warning)]))) }
        #expect(run.status == 2)
        #expect(run.errors.contains("coffer kv \(expected)") && !run.errors.contains("vault kv"), "\(run.errors)")
    }
}
