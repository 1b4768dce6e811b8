import CLI
import CofferClient
import Foundation
import Syntax
import Testing

@Suite struct LoginTests {
    static let made = envelope(
        .null,
        auth: [
            "client_token": "hvs.new", "accessor": "acc", "policies": ["default", "dev"], "token_policies": ["default", "dev"],
            "identity_policies": .null, "metadata": ["username": "ann"], "lease_duration": 3_600, "renewable": true,
        ])

    /// A home of its own, so that the kept token can be looked at.
    private func login(
        _ arguments: [String], input: String = "", typed: HiddenAnswer? = nil, token: String? = nil,
        answer: @escaping @Sendable (String, String) -> (Int, JSON?) = { _, _ in (200, Self.made) }
    ) async throws -> (run: CommandRun, kept: String?) {
        let home = NSTemporaryDirectory() + "login-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: home) }
        var environment = ["HOME": home]
        environment["COFFER_TOKEN"] = token
        let run = await CommandRun(["login"] + arguments, environment: environment, input: input, typed: typed, answer: answer)
        return (run, try? String(contentsOfFile: home + "/.coffer-token", encoding: .utf8))
    }

    @Test(
        "sends each method its login, without a token",
        arguments: [
            (["-method=userpass", "username=ann", "password=pw"], "auth/userpass/login/ann", ["password": "pw"]),
            (
                ["-method=userpass", "-path=people/", "username=ann", "password=-"], "auth/people/login/ann",
                ["password": "typed in"]
            ),
            (["-method=ldap", "username=ann", "password=pw"], "auth/ldap/login/ann", ["password": "pw"]),
            (["-method=github", "token=ghp_x"], "auth/github/login", ["token": "ghp_x"]),
            (["-method=approle", "role_id=r", "secret_id=s"], "auth/approle/login", ["role_id": "r", "secret_id": "s"]),
            (["-method=approle", "-path", "apps", "role_id=r"], "auth/apps/login", ["role_id": "r"]),
            (["-method=jwt", "role=r", "jwt=a.b.c"], "auth/jwt/login", ["role": "r", "jwt": "a.b.c"]),
            (["-method=jwt", "-path=ci", "jwt=-"], "auth/ci/login", ["jwt": "typed in"]),
        ] as [([String], String, JSON)])
    func requests(arguments: [String], path: String, body: JSON) async throws {
        let (run, kept) = try await login(arguments, input: "typed in\n", token: "hvs.old")
        #expect(run.status == 0)
        #expect(run.lines == ["PUT \(path)"])
        #expect(run.sent == body)
        #expect(run.requests[0].headers.first(named: "X-Vault-Token") == nil)
        #expect(kept == "hvs.new")
        #expect(run.errors.contains("COFFER_TOKEN is set and takes precedence"))
    }

    @Test(
        "asks for what is secret and missing",
        arguments: [
            ("userpass", "username=ann", "password"), ("approle", "role_id=r", "secret_id"), ("ldap", "username=ann", "password"),
        ])
    func asks(method: String, argument: String, field: String) async throws {
        let (run, _) = try await login(["-method=\(method)", argument], typed: .text("hidden\n"))
        #expect(run.sent?[field] == "hidden")
        #expect(!run.output.contains("hidden") && !run.errors.contains("hidden"))
        #expect(try await login(["-method=\(method)", argument], typed: .interrupted).run.status == 130)
    }

    @Test("shows the token as the other commands do, and keeps it")
    func table() async throws {
        let (run, kept) = try await login(["-method=userpass", "username=ann", "password=pw"])
        for line in ["token                  hvs.new", "token_duration         1h", "token_meta_username    ann"] {
            #expect(run.output.contains("\n\(line)\n"), "\(line)")
        }
        #expect(kept == "hvs.new")
    }

    @Test(
        "prints and keeps what its flags say",
        arguments: [
            (["-no-store", "-field=token"], "hvs.new", false), (["-token-only"], "hvs.new", false), (["-no-print"], "", true),
            (["-field=token_accessor"], "acc", true),
        ])
    func flags(flags: [String], output: String, isKept: Bool) async throws {
        let (run, kept) = try await login(flags + ["-method=userpass", "username=ann", "password=pw"])
        #expect(run.status == 0)
        #expect(run.output == output)
        #expect((kept != nil) == isKept)
    }

    @Test(
        "refuses what cannot be meant before anything is sent",
        arguments: [
            ["-method=userpass", "password=pw"], ["-method=userpass", "username=a/b", "password=pw"],
            ["-method=userpass", "username=ann"], ["-method=ldap", "password=pw"], ["-method=github"],
            ["-method=approle", "secret_id=s"], ["-method=saml"],
            ["-method=userpass", "ann"], ["-no-print", "-token-only", "t"], ["-no-print", "-no-store", "t"],
            ["-token-only", "-field=x", "t"], ["a", "b"],
        ])
    func refusals(arguments: [String]) async throws {
        let (run, kept) = try await login(arguments)
        #expect(run.status == 1)
        #expect(run.requests.isEmpty && kept == nil)
        #expect(!run.errors.contains("pw"))
    }

    @Test("says what to do when a login is refused", arguments: [(403, "auth enable"), (400, "Check what you entered")])
    func refused(status: Int, advice: String) async throws {
        let (run, kept) = try await login(["-method=userpass", "username=ann", "password=pw"]) { _, _ in
            (status, ["errors": ["no"]])
        }
        #expect(run.status == 2)
        #expect(kept == nil)
        #expect(run.errors.contains(advice) && run.errors.contains("* no"))
    }

    @Test("keeps nothing of a wrapped login")
    func wrapped() async throws {
        let wrap: JSON = [
            "token": "hvs.wrap", "accessor": "w", "ttl": 60, "creation_time": "2026-01-01T00:00:00Z",
            "creation_path": "auth/x/login",
        ]
        let answer: JSON = ["request_id": "r", "data": .null, "wrap_info": wrap, "auth": .null]
        let (run, kept) = try await login(["-wrap-ttl=60s", "-method=approle", "role_id=r"]) { _, _ in (200, answer) }
        #expect(run.output.contains("wrapping_token:                  hvs.wrap\n"))
        #expect(run.output.contains("wrapping_token_ttl:              1m\n"))
        #expect(kept == nil)
    }

    @Test("explains methods without a server, and mounts with it")
    func help() async {
        let method = await CommandRun(["auth", "help", "userpass"])
        #expect(method.requests.isEmpty && method.output.contains("coffer login -method=userpass"))
        let mount = await CommandRun(["auth", "help", "people/"]) { _, path in
            path == "sys/auth" ? (200, envelope(["people/": ["type": "userpass"]])) : (200, ["help": "the paths"])
        }
        #expect(mount.lines == ["GET auth/people?help=1", "GET sys/auth"])
        #expect(mount.output.contains("coffer login -method=userpass") && mount.output.contains("the paths"))
    }
}
