import Core
import EngineKit
import HTTPShell
import NIOHTTP1
import Synchronization
import VaultAPI

/// Keeps what the dialect asked and answers what it was given.
final class FakePipeline: Pipeline {
    private let outcome: Result<Response, CofferError>
    private let path: String
    private let asked = Mutex<CoreRequest?>(nil)

    init(_ outcome: Result<Response, CofferError> = .success(.empty), path: String = "secret/data/db") {
        self.outcome = outcome
        self.path = path
    }

    var request: CoreRequest? { asked.withLock { $0 } }

    func handle(_ request: CoreRequest) async -> CoreAnswer {
        asked.withLock { $0 = request }
        return CoreAnswer(requestID: request.id, mountType: "kv", path: path, outcome: outcome)
    }
}

/// What the dialect makes of a request, and what it answers.
func ask(
    _ method: String = "GET", _ path: String = "/v1/secret/data/db", query: String = "", headers: HTTPHeaders = [:],
    body: String = "", pipeline: FakePipeline = .init()
) async -> (asked: CoreRequest?, status: Int, text: String) {
    let request = ShellRequest(
        id: "8e9c1d52-0000-4000-8000-000000000001", method: method, path: path, query: query, headers: headers,
        body: Array(body.utf8))
    let response = await VaultDialect(pipeline: pipeline).respond(to: request)
    return (pipeline.request, response.status, String(decoding: response.body, as: UTF8.self))
}

func answer(_ outcome: Result<Response, CofferError>, path: String = "secret/data/db") async -> (status: Int, text: String) {
    let reply = await ask(pipeline: FakePipeline(outcome, path: path))
    return (reply.status, reply.text)
}
