import Core
import EngineKit
import HTTPShell
import NIOHTTP1
import Synchronization
import Syntax
import TestSupport
import Testing

@testable import ServiceAPI

/// Answers as told by path, and notes what it was asked.
private final class Told: Pipeline {
    typealias Answer = @Sendable (_ call: String) -> CofferError.Code?

    private let calls = Mutex<[String]>([])
    private let failing: Mutex<Answer>

    init(failing: @escaping Answer) { self.failing = Mutex(failing) }

    var all: [String] { calls.withLock { $0 } }
    func fail(_ answer: @escaping Answer) { failing.withLock { $0 = answer } }

    func handle(_ request: CoreRequest) async -> CoreAnswer {
        var call = "\(request.operation.rawValue) \(request.path)"
        if (try? JSON(parsing: request.body))?["only_checks"] == true { call += " only checks" }
        calls.withLock { $0.append(call) }
        let answer = failing.withLock { $0 }
        let outcome: Result<Response, CofferError> =
            if let code = answer(call) { .failure(CofferError(code, "planned")) } else { .success(.data(["version": 1])) }
        return CoreAnswer(requestID: request.id, path: request.path, outcome: outcome)
    }
}

@Suite("Projects that come and go with their secrets")
struct ProjectRegistrationTests {
    private func send(_ pipeline: Told, _ method: String, _ path: String, _ body: JSON? = nil) async throws -> Int {
        var settings = ServiceSettings()
        settings.projectSecrets = [try #require(ProjectSecret(name: "KEY", kind: "hex"))]
        let dialect = ServiceDialect(
            pipeline: pipeline, settings: settings,
            directory: ServiceDirectory(settings, randomness: SeededRandomness(seed: 1)))
        let headers: HTTPHeaders = ["X-Service": "ui", "X-Token": "t", "Content-Type": "application/json"]
        return await dialect.respond(
            to: ShellRequest(id: "id-1", method: method, path: path, headers: headers, body: body?.encoded() ?? [])
        ).status
    }

    private static let secret: JSON = ["project": "p", "path": "x", "value": "v"]
    private static let stored = "update services/data/p/x"
    private static let read = "read service-projects/records/p"
    private static let made = "update services/data/p/KEY"
    private static let registered = "update service-projects/records/p"

    @Test("a first secret brings about its project, with the project's own secrets before it")
    func firstSecret() async throws {
        let pipeline = Told { $0 == Self.read ? .notFound : nil }
        #expect(try await send(pipeline, "POST", "/api/secrets", Self.secret) == 201)
        #expect(pipeline.all == [Self.stored, Self.read, Self.made, Self.registered])
    }

    @Test(
        "a project whose record could not be read gets no secrets, and what was stored is answered as stored",
        arguments: [CofferError.Code.unavailable, .internal, .permissionDenied, .invalidRequest, .rateLimited])
    func unreadable(code: CofferError.Code) async throws {
        let pipeline = Told { $0 == Self.read ? code : nil }
        #expect(try await send(pipeline, "POST", "/api/secrets", Self.secret) == 201)
        #expect(pipeline.all == [Self.stored, Self.read])
    }

    @Test("a stored secret is answered as stored, also when its project could not be made; the next one makes it")
    func unmade() async throws {
        for failing in [Self.made, Self.registered] {
            let pipeline = Told { $0 == Self.read ? .notFound : $0 == failing ? .unavailable : nil }
            #expect(try await send(pipeline, "POST", "/api/secrets", Self.secret) == 201)
            #expect(pipeline.all.last == failing)
            pipeline.fail { $0 == Self.read ? .notFound : nil }
            #expect(try await send(pipeline, "POST", "/api/secrets", ["project": "p", "path": "y", "value": "v"]) == 201)
            #expect(pipeline.all.suffix(2) == [Self.made, Self.registered])
        }
    }

    private static let list = "list services/detailed-metadata/p/"
    private static let removed = "delete services/metadata/p/KEY"
    private static let forgotten = "delete service-projects/records/p"

    @Test("a project's own secrets go before it, so that a deletion that ended halfway can be repeated")
    func deletion() async throws {
        for failing in [Self.removed, Self.forgotten] {
            let pipeline = Told { $0 == Self.list ? .notFound : $0 == failing ? .unavailable : nil }
            #expect(try await send(pipeline, "DELETE", "/api/projects/p") == 503)
            #expect(failing == Self.forgotten || !pipeline.all.contains(Self.forgotten))
            pipeline.fail { [Self.list, Self.removed].contains($0) ? .notFound : nil }
            #expect(try await send(pipeline, "DELETE", "/api/projects/p") == 204)
            #expect(pipeline.all.suffix(3) == [Self.forgotten + " only checks", Self.removed, Self.forgotten])
        }
    }

    @Test("whoever may not delete a project does not take its secrets away either")
    func deniedDeletion() async throws {
        let pipeline = Told { $0 == Self.list ? .notFound : $0.contains("only checks") ? .permissionDenied : nil }
        #expect(try await send(pipeline, "DELETE", "/api/projects/p") == 403)
        #expect(pipeline.all.last == Self.forgotten + " only checks")
    }
}
