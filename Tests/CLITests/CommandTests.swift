import CLI
import CofferClient
import Syntax
import Testing

@Suite struct CommandTests {
    static let sealStatus: JSON = [
        "type": "shamir", "initialized": true, "sealed": true, "t": 3, "n": 5, "progress": 1, "nonce": "", "version": "1.17.0",
        "build_date": "", "storage_type": "inmem",
    ]

    @Test("shows a sealed server and ends with 2")
    func sealed() async {
        let run = await CommandRun(["status"]) { _, _ in (200, Self.sealStatus) }
        #expect(run.status == 2)
        #expect(run.lines == ["GET sys/seal-status"])
        #expect(
            run.output == """
                Key                Value
                ---                -----
                Seal Type          shamir
                Initialized        true
                Sealed             true
                Total Shares       5
                Threshold          3
                Unseal Progress    1/3
                Unseal Nonce       n/a
                Version            1.17.0
                Build Date         n/a
                Storage Type       inmem
                HA Enabled         false

                """)
    }

    @Test("ends with 0 for an unsealed server and 1 for one that errs", arguments: [(200, Int32(0)), (400, Int32(1))])
    func status(answer: Int, expected: Int32) async {
        let run = await CommandRun(["status"]) { _, _ in (answer, answer == 200 ? ["sealed": false] : ["errors": ["no"]]) }
        #expect(run.status == expected)
    }

    @Test(
        "reaches the route of every administrative command",
        arguments: [
            (
                ["secrets", "enable", "-path=apps", "-version=2", "kv"], "POST sys/mounts/apps",
                "Success! Enabled the kv secrets engine at: apps/\n"
            ),
            (["secrets", "enable", "kv-v2"], "POST sys/mounts/kv-v2", "Success! Enabled the kv-v2 secrets engine at: kv-v2/\n"),
            (
                ["secrets", "disable", "apps/"], "DELETE sys/mounts/apps",
                "Success! Disabled the secrets engine (if it existed) at: apps/\n"
            ),
            (
                ["secrets", "tune", "-max-lease-ttl=1h", "apps"], "POST sys/mounts/apps/tune",
                "Success! Tuned the secrets engine at: apps/\n"
            ),
            (["secrets", "move", "a", "b"], "POST sys/remount", "Success! Finished moving secrets engine a/ to b/\n"),
            (["auth", "enable", "userpass"], "POST sys/auth/userpass", "Success! Enabled userpass auth method at: userpass/\n"),
            (
                ["auth", "disable", "userpass"], "DELETE sys/auth/userpass",
                "Success! Disabled the auth method (if it existed) at: userpass/\n"
            ),
            (
                ["auth", "tune", "-description=x", "token/"], "POST sys/auth/token/tune",
                "Success! Tuned the auth method at: token/\n"
            ),
            (["policy", "write", "Admin", "-"], "PUT sys/policies/acl/admin", "Success! Uploaded policy: admin\n"),
            (["policy", "delete", "admin"], "DELETE sys/policies/acl/admin", "Success! Deleted policy: admin\n"),
            (
                ["audit", "enable", "file", "file_path=/x"], "PUT sys/audit/file",
                "Success! Enabled the file audit device at: file/\n"
            ),
            (
                ["audit", "disable", "file/"], "DELETE sys/audit/file",
                "Success! Disabled audit device (if it was enabled) at: file/\n"
            ),
            (["token", "revoke", "hvs.x"], "POST auth/token/revoke", "Success! Revoked token (if it existed)\n"),
            (["token", "revoke", "-self"], "POST auth/token/revoke-self", "Success! Revoked token (if it existed)\n"),
            (
                ["token", "revoke", "-mode=orphan", "x"], "POST auth/token/revoke-orphan",
                "Success! Revoked token (if it existed)\n"
            ),
            (["token", "revoke", "-accessor", "x"], "POST auth/token/revoke-accessor", "Success! Revoked token (if it existed)\n"),
            (["operator", "seal"], "PUT sys/seal", "Success! Coffer is sealed.\n"),
            (
                ["operator", "generate-root", "-cancel"], "DELETE sys/generate-root/attempt",
                "Success! Root token generation canceled (if it was started)\n"
            ),
            (["operator", "rekey", "-cancel"], "DELETE sys/rekey/init", "Success! Canceled rekeying (if it was started)\n"),
            (["write", "-f", "sys/rotate"], "PUT sys/rotate", "Success! Data written to: sys/rotate\n"),
            (["delete", "a/b"], "DELETE a/b", "Success! Data deleted (if it existed) at: a/b\n"),
        ])
    func routes(arguments: [String], request: String, output: String) async {
        let run = await CommandRun(arguments, input: "path \"x\" {}")
        #expect(run.lines == [request])
        #expect(run.output == output)
        #expect(run.errors.isEmpty)
        #expect(run.status == 0)
    }

    @Test("asks for the version of the KV engine by its options", arguments: [["-version=2", "kv"], ["kv-v2"]])
    func kvVersion(arguments: [String]) async {
        let run = await CommandRun(["secrets", "enable"] + arguments)
        #expect(run.sent?["type"] == "kv")
        #expect(run.sent?["options"] == ["version": "2"])
    }

    @Test("makes a token and shows it, or its one field")
    func tokenCreate() async {
        let auth: JSON = [
            "client_token": "hvs.new", "accessor": "acc", "policies": ["app", "default"], "token_policies": ["app", "default"],
            "identity_policies": .null, "metadata": .null, "lease_duration": 2_764_800, "renewable": true,
        ]
        let arguments = [
            "token", "create", "-policy=app", "-policy", "b,c", "-ttl", "24h", "-orphan", "-use-limit=3", "-metadata=a=b",
        ]
        let run = await CommandRun(arguments) { _, _ in (200, envelope(.null, auth: auth, warnings: ["careful"])) }
        #expect(run.lines == ["POST auth/token/create"])
        #expect(
            run.sent == [
                "policies": ["app", "b", "c"], "renewable": true, "no_parent": true, "no_default_policy": false, "meta": ["a": "b"],
                "ttl": "24h", "num_uses": 3,
            ])
        #expect(
            run.output == """
                Key                  Value
                ---                  -----
                token                hvs.new
                token_accessor       acc
                token_duration       768h
                token_renewable      true
                token_policies       ["app","default"]
                identity_policies    []
                policies             ["app","default"]

                """)
        #expect(run.errors.contains("* careful"))
        let field = await CommandRun(["token", "create", "-field=token"]) { _, _ in (200, envelope(.null, auth: auth)) }
        #expect(field.output == "hvs.new")
    }

    @Test(
        "prints capabilities in order",
        arguments: [
            (["p"], "sys/capabilities-self"), (["t", "p"], "sys/capabilities"),
            (["-accessor", "a", "p"], "sys/capabilities-accessor"),
        ])
    func capabilities(arguments: [String], route: String) async {
        let run = await CommandRun(["token", "capabilities"] + arguments) { _, _ in
            (200, envelope(["capabilities": ["read", "create"], "p": ["read", "create"]]))
        }
        #expect(run.lines == ["POST \(route)"])
        #expect(run.output == "create, read\n")
    }

    @Test("shows the keys of a new server once, under the names that scripts know")
    func operatorInit() async throws {
        let answer: @Sendable (String, String) -> (Int, JSON?) = { _, path in
            path == "sys/seal-status"
                ? (200, Self.sealStatus) : (200, ["keys": ["aa", "bb"], "keys_base64": ["qg==", "uw=="], "root_token": "hvs.r"])
        }
        let table = await CommandRun(["operator", "init", "-key-shares=2", "-key-threshold=2"], answer: answer)
        #expect(table.sent == ["secret_shares": 2, "secret_threshold": 2])
        #expect(table.output.hasPrefix("Unseal Key 1: qg==\nUnseal Key 2: uw==\n\nInitial Root Token: hvs.r\n"))
        let json = try JSON(
            parsing: await CommandRun(["operator", "init", "-n", "2", "-t=2", "-format=json"], answer: answer).output)
        #expect(json["unseal_keys_b64"] == ["qg==", "uw=="])
        #expect(json["unseal_keys_hex"] == ["aa", "bb"])
        #expect(json["unseal_threshold"] == 2)
        #expect(json["root_token"] == "hvs.r")
    }

    @Test("unseals with a typed key, an argument or the standard input", arguments: [["key"], ["-"], []])
    func unseal(arguments: [String]) async {
        let run = await CommandRun(["operator", "unseal"] + arguments, input: "key\n", typed: .text("key\n")) { _, _ in
            (200, Self.sealStatus)
        }
        #expect(run.sent == ["key": "key"])
        #expect(run.status == 0)
    }

    @Test(
        "gives a share of a rekeying with the nonce of its status",
        arguments: [(["old"], "update", "n-1"), (["-verify", "new"], "verify", "n-2")])
    func rekey(arguments: [String], route: String, nonce: String) async {
        let run = await CommandRun(["operator", "rekey"] + arguments) { method, path in
            let second = path.hasSuffix("verify") ? "n-2" : ""
            return method == "GET"
                ? (200, ["started": true, "nonce": "n-1", "verification_nonce": .string(second), "t": 2, "n": 3])
                : (200, ["nonce": "n-1", "complete": true, "keys_base64": ["a=", "b="]])
        }
        #expect(run.lines.last == "PUT sys/rekey/\(route)")
        #expect(run.sent?["nonce"]?.stringValue == nonce)
        #expect(run.output.contains("Key 2: b="))
    }

    @Test("ends when no terminal can be asked for a key, and at Control-C")
    func notAsked() async {
        #expect(await CommandRun(["operator", "unseal"]).status == 1)
        #expect(await CommandRun(["operator", "unseal", "-non-interactive"], typed: .text("key")).status == 1)
        #expect(await CommandRun(["operator", "unseal"], typed: .interrupted).status == 130)
    }

    @Test("decodes a root token with either base64 alphabet", arguments: ["PzwwTW1z", "PzwwTW1z="])
    func decodeRoot(encoded: String) async {
        let run = await CommandRun(["operator", "generate-root", "-decode=\(encoded)", "-otp=WJCcCC"])
        #expect(run.output == "hvs..0\n")
        #expect(run.requests.isEmpty)
    }

    @Test("prints a request as curl without the token or the request being sent")
    func curl() async {
        let run = await CommandRun(
            ["kv", "put", "-output-curl-string", "secret/x", "a=it's"], answer: mounts { _, _ in (500, nil) })
        #expect(run.lines == ["GET sys/internal/ui/mounts/secret/x"])
        #expect(!run.output.contains("hvs.test"))
        #expect(run.output.contains(#"-H "X-Vault-Token: $(coffer print token)""#))
        #expect(run.output.contains(#"'{"data":{"a":"it'\''s"},"options":{}}' http://server:8200/v1/secret/data/x"#))
        #expect(run.status == 0)
    }

    @Test("sends the flags that every command has")
    func globalFlags() async {
        let run = await CommandRun(["read", "-ns=team/", "-wrap-ttl=60s", "-header=X-A=b", "x", "-address=http://other:1"])
        let headers = run.requests.first?.headers ?? []
        #expect(headers.first(named: "X-Vault-Namespace") == "team/")
        #expect(headers.first(named: "X-Vault-Wrap-TTL") == "60s")
        #expect(headers.first(named: "X-A") == "b")
        #expect(headers.first(named: "X-Vault-Token") == "hvs.test")
        #expect(run.requests.first?.url == "http://other:1/v1/x")
    }

    @Test("shows numbers, words and texts in YAML so that they read back as what they were")
    func yaml() async {
        let data: JSON = [
            "a": "yes", "b": "12", "c": true, "d": .number("1e3"), "e": "plain text", "f": "", "g": "x\ny\n", "h": [],
            "i": "# no comment",
        ]
        let run = await CommandRun(["read", "-format=yaml", "x"]) { _, _ in (200, envelope(data)) }
        for line in [
            "a: \"yes\"", "b: \"12\"", "c: true", "d: 1e3", "e: plain text", "f: \"\"", "g: |", "h: []", "i: \"# no comment\"",
        ] {
            #expect(run.output.contains("\n  \(line)\n"), "\(line)")
        }
    }
}
