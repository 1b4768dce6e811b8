import Core
import EngineKit
import HTTPShell
import NIOHTTP1
import Synchronization
import Testing
import VaultAPI

/// Keeps what it was told of, and knows one token.
private final class KnowingPipeline: Pipeline {
    let refused = Mutex<RefusedRequest?>(nil)

    func handle(_ request: CoreRequest) async -> CoreAnswer { CoreAnswer(requestID: request.id, outcome: .success(.empty)) }

    func record(_ refused: RefusedRequest) async -> CofferError? {
        self.refused.withLock { $0 = refused }
        return nil
    }

    func knows(token: String, from connection: Connection) async throws(CofferError) -> Bool {
        guard connection.remoteAddress != "192.0.2.1" else { throw CofferError(.rateLimited, "rate limit quota exceeded") }
        return token == "good"
    }
}

@Suite struct LargeBodyRefusalTests {
    @Test func aCallerBeyondItsQuotaIsToldSo() async {
        let dialect = VaultDialect(pipeline: KnowingPipeline())
        func status(_ token: String, _ address: String) async -> Int? {
            await dialect.refusalOfLargeBody(["X-Vault-Token": token], from: Connection(remoteAddress: address))?.status
        }
        #expect(await status("good", "127.0.0.1") == nil)
        #expect(await status("other", "127.0.0.1") == 413)
        #expect(await status("good", "192.0.2.1") == 429)
    }

    @Test func aBearerTokenIsOnRecordWithARefusal() async {
        for headers: HTTPHeaders in [["X-Vault-Token": "good"], ["Authorization": "Bearer good"]] {
            let pipeline = KnowingPipeline()
            _ = await VaultDialect(pipeline: pipeline).respond(
                to: ShellRequest(id: "x", method: "TRACE", path: "/v1/secret/x", headers: headers))
            guard case .token("good")? = pipeline.refused.withLock({ $0?.credentials }) else {
                Issue.record("the token is not on record")
                continue
            }
        }
    }
}
