import Foundation
import Server
import Testing

@Suite("Settings that keep others out")
struct SecretSettingTests {
    private static let base = ["COFFER_STORAGE_PATH": "/data", "COFFER_LISTEN_ADDRESS": ":8200", "COFFER_TLS_DISABLE": "true"]

    private func load(_ more: [String: String]) throws -> ServerConfiguration {
        try ServerConfiguration.load(ServerOptions(environment: Self.base.merging(more) { $1 }))
    }

    /// The refusal's text; nil for none.
    private func refusal(_ more: [String: String]) -> String? {
        do { _ = try load(more) } catch { return "\(error)" }
        return nil
    }

    @Test(
        "a service's token is long enough and printable", arguments: ["short7!", "a", "with space", "tab\tinside", "ünïcödé-token"])
    func weakTokens(token: String) {
        let message = refusal(["ALLOWED_SERVICES": "newsbot", "TOKEN_newsbot": token])
        #expect(message?.hasPrefix("TOKEN_newsbot must be") == true)
        #expect(message?.contains(token) == false || token == "a")
    }

    @Test(
        "a page's origin is exactly one",
        arguments: [
            "*", "https://*.example", "https://ui.example/", "https://ui.example/path", "https://UI.example", "ui.example", "null",
            "https://ui.example https://other.example", "https://user@ui.example", "file:///x",
        ])
    func origins(text: String) {
        let message = refusal(["ALLOWED_SERVICES": "newsbot", "SERVICE_CORS_ORIGINS": text])
        #expect(message?.hasPrefix("SERVICE_CORS_ORIGINS must be origins") == true)
    }

    @Test("one seal is active, and the others are said to be off")
    func seals() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "coffer-\(UUID().uuidString).hcl")
        defer { try? FileManager.default.removeItem(at: file) }
        func refusal(_ text: String) throws -> String? {
            try Data(text.utf8).write(to: file)
            var options = ServerOptions(environment: Self.base)
            options.configPaths = [file.path()]
            do { _ = try ServerConfiguration.load(options) } catch { return "\(error)" }
            return nil
        }
        let shamir = "seal \"shamir\" {}\n"
        #expect(try refusal(Self.seal("a")) == nil)
        #expect(try refusal(Self.seal("a") + shamir)?.hasPrefix("more than one seal is active") == true)
        #expect(try refusal(Self.seal("a") + Self.seal("b"))?.hasPrefix("more than one seal is active") == true)
        #expect(try refusal(Self.seal("a", more: "disabled = true") + shamir) == nil)
    }

    private static func seal(_ name: String, more: String = "") -> String {
        "seal \"static\" {\n current_key_id = \"\(name)\"\n current_key = \"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\"\n\(more)\n}\n"
    }
}
