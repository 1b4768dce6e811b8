import Core
import EngineKit
import HTTPShell
import NIOHTTP1
import Synchronization
import Syntax
import TestSupport
import Testing

@testable import ServiceAPI

/// A store with these secrets in every project.
private final class Holding: Pipeline {
    private let listed: JSONObject
    private let calls = Mutex<[String]>([])

    init(_ listed: JSONObject) { self.listed = listed }

    var deletions: [String] { calls.withLock { $0.filter { $0.utf8.starts(with: "delete".utf8) } } }

    func handle(_ request: CoreRequest) async -> CoreAnswer {
        calls.withLock { $0.append("\(request.operation.rawValue) \(request.path)") }
        let data: JSONObject = request.operation == .list ? listed : ["version": 1]
        return CoreAnswer(requestID: request.id, path: request.path, outcome: .success(.data(data)))
    }
}

@Suite("Projects with secrets")
struct FullProjectTests {
    private func delete(_ pipeline: Holding) async -> Int {
        let settings = ServiceSettings()
        let dialect = ServiceDialect(
            pipeline: pipeline, settings: settings,
            directory: ServiceDirectory(settings, randomness: SeededRandomness(seed: 1)))
        return await dialect.respond(
            to: ShellRequest(id: "1", method: "DELETE", path: "/api/projects/p", headers: ["X-Service": "ui", "X-Token": "t"])
        ).status
    }

    @Test("are not deleted, nor those with a folder that cannot be looked into")
    func refuses() async {
        for listed: JSONObject in [
            ["keys": ["a"], "key_info": ["a": ["current_version": 1, "deleted": false, "created_by": "ui"]]],
            ["keys": ["shut/"], "key_info": [:]],
        ] {
            let pipeline = Holding(listed)
            #expect(await delete(pipeline) == 400)
            #expect(pipeline.deletions == [])
        }
    }

    @Test("are deleted when all of them are")
    func allows() async {
        let pipeline = Holding(["keys": ["a"], "key_info": ["a": ["current_version": 1, "deleted": true, "created_by": "ui"]]])
        #expect(await delete(pipeline) == 204)
        #expect(pipeline.deletions == ["delete service-projects/records/p"])
    }
}
