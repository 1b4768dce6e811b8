import Core
import EngineKit
import HTTPShell
import NIOHTTP1
import Synchronization
import Testing
import VaultAPI

@Suite struct RedirectTests {
    private final class Recorder: Pipeline {
        let refused = Mutex<[RefusedRequest]>([])
        let failure: CofferError?

        init(failure: CofferError? = nil) { self.failure = failure }

        func handle(_ request: CoreRequest) async -> CoreAnswer { CoreAnswer(requestID: request.id, outcome: .success(.empty)) }

        func record(_ refused: RefusedRequest) async -> CofferError? {
            self.refused.withLock { $0.append(refused) }
            return failure
        }
    }

    private func ask(_ path: String, query: String = "", method: String = "POST", _ pipeline: Recorder) async -> ShellResponse {
        await VaultDialect(pipeline: pipeline).respond(
            to: ShellRequest(id: "r", method: method, path: path, query: query, headers: ["x-vault-token": "t"]))
    }

    @Test(arguments: [
        ("/v1//secret/data/a", "/v1/secret/data/a"), ("/v1/secret/data//z", "/v1/secret/data/z"),
        ("/v1/secret/metadata//", "/v1/secret/metadata/"), ("/v1////secret///data/%61", "/v1/secret/data/%61"),
    ])
    func aDoubledSlashIsSentToTheCleanPath(path: String, clean: String) async {
        let pipeline = Recorder()
        let reply = await ask(path, query: "version=1&x=%2F%2F", pipeline)
        #expect(reply.status == 307 && reply.body.isEmpty)
        #expect(reply.headers.map(\.value) == [clean + "?version=1&x=%2F%2F"])
        #expect(await ask(path, pipeline).headers.map(\.value) == [clean])
        let refused = pipeline.refused.withLock { $0[0] }
        #expect(refused.status == 307 && "/v1/" + refused.path == clean)
    }

    @Test(arguments: [
        "/v1//secret/../x", "/v1//./x", "/v1/a//%2e%2e/x", "/v1/a//b%2Fc", "/v1//a%00", "/v1//", "/v1//%ff", "/v1/a//%252e",
    ])
    func nothingElseIsMended(path: String) async {
        #expect(await ask(path, Recorder()).status != 307)
    }

    @Test func aPathThatIsCleanGoesOn() async {
        let pipeline = Recorder()
        #expect(await ask("/v1/secret/data/a", query: "x=a//b", pipeline).status == 204)
        #expect(pipeline.refused.withLock { $0.isEmpty })
    }

    @Test(arguments: ["TRACE", "OPTIONS", "NONSENSE"])
    func anUnknownMethodIsOnRecord(method: String) async {
        let pipeline = Recorder()
        #expect(await ask("/v1/secret/data/a", method: method, pipeline).status == 405)
        let refused = pipeline.refused.withLock { $0 }
        #expect(refused.map(\.method) == [method] && refused.map(\.path) == ["secret/data/a"] && refused.map(\.status) == [405])
        guard case .token("t")? = refused.first?.credentials else { return #expect(Bool(false)) }
    }

    @Test func whatCannotBeRecordedIsNotAnswered() async {
        let pipeline = Recorder(failure: CofferError(.internal, "not recorded"))
        #expect(await ask("/v1//a", pipeline).status == 500)
        #expect(await ask("/v1/a", method: "TRACE", pipeline).status == 500)
        let request = ShellRequest(id: "r", method: "GET", path: "/nowhere")
        #expect(await VaultDialect(pipeline: pipeline).record(.notFound, of: request)?.status == 500)
        #expect(await VaultDialect(pipeline: Recorder()).record(.notFound, of: request) == nil)
    }
}
