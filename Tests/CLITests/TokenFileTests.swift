import CLI
import CofferClient
import Foundation
import Syntax
import Testing

@Suite struct TokenFileTests {
    static let lookup: JSON = [
        "id": "hvs.typed", "accessor": "acc", "policies": ["root"], "ttl": 0, "renewable": false, "meta": .null,
    ]

    private func home(_ body: (String) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("coffer-home-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try await body(directory.path)
    }

    @Test("keeps a token that the server knows, for its owner only", arguments: [["hvs.typed"], ["token=hvs.typed"], ["-"], []])
    func login(arguments: [String]) async throws {
        try await home { home in
            let environment = ["HOME": home]
            let run = await CommandRun(
                ["login"] + arguments, environment: environment, input: "hvs.typed\n", typed: .text("hvs.typed")
            ) { _, _ in
                (200, envelope(Self.lookup))
            }
            #expect(run.status == 0)
            #expect(run.requests.first?.headers.first(named: "X-Vault-Token") == "hvs.typed")
            #expect(run.output.hasPrefix("Success! You are now logged in."))
            let attributes = try FileManager.default.attributesOfItem(atPath: home + "/.coffer-token")
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: home) == [".coffer-token"])
            let next = await CommandRun(["read", "x"], environment: environment)
            #expect(next.requests.first?.headers.first(named: "X-Vault-Token") == "hvs.typed")
            let chosen = await CommandRun(["print", "token"], environment: ["HOME": home, "VAULT_TOKEN": "hvs.env"])
            #expect(chosen.output == "hvs.env\n")
        }
    }

    @Test("keeps nothing when the token is refused, or when told so", arguments: [403, 200])
    func notKept(status: Int) async throws {
        try await home { home in
            let arguments = status == 200 ? ["login", "-no-store", "hvs.typed"] : ["login", "hvs.typed"]
            let run = await CommandRun(arguments, environment: ["HOME": home]) { _, _ in
                status == 200 ? (200, envelope(Self.lookup)) : (403, ["errors": ["permission denied"]])
            }
            #expect(run.status == (status == 200 ? 0 : 2))
            let kept = try FileManager.default.contentsOfDirectory(atPath: home)
            #expect(kept.isEmpty)
        }
    }

    @Test("reads the token that Vault's own command keeps")
    func vaultFile() async throws {
        try await home { home in
            try "hvs.vault\n".write(toFile: home + "/.vault-token", atomically: true, encoding: .utf8)
            #expect(await CommandRun(["print", "token"], environment: ["HOME": home]).output == "hvs.vault\n")
        }
    }

    @Test("lays a policy file out in place and keeps its mode")
    func policyFormat() async throws {
        try await home { home in
            let path = home + "/p.hcl"
            try "path   \"a\"   {capabilities=[\"read\"]}".write(toFile: path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
            let run = await CommandRun(["policy", "fmt", path])
            #expect(run.output == "Success! Formatted policy: \(path)\n")
            #expect(try String(contentsOfFile: path, encoding: .utf8).contains("path \"a\" {"))
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o640)
            try "path {".write(toFile: path, atomically: true, encoding: .utf8)
            let bad = await CommandRun(["policy", "fmt", path])
            #expect(bad.status == 1)
            #expect(bad.errors.contains("line 1"))
        }
    }
}
