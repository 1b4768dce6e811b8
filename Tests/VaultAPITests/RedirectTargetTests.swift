import Core
import EngineKit
import HTTPShell
import Testing
import VaultAPI

@Suite("A path with doubled slashes")
struct RedirectTargetTests {
    private struct Silent: Pipeline {
        func handle(_ request: CoreRequest) async -> CoreAnswer { CoreAnswer(requestID: request.id, outcome: .success(.empty)) }
    }

    @Test("is never a way out of the API", arguments: ["//other.example/x", "/v2//secret/x", "//v2/secret//x", "//"])
    func staysInside(path: String) async {
        let reply = await VaultDialect(pipeline: Silent()).respond(to: ShellRequest(id: "r", method: "GET", path: path))
        #expect(reply.status != 307)
        #expect(!reply.headers.contains { $0.name == "location" })
    }
}
