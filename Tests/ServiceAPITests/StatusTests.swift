import Core
import EngineKit
import HTTPShell
import NIOHTTP1
import ServiceAPI
import Syntax
import TestSupport
import Testing

/// Fails every request in the same way.
private struct Failing: Pipeline {
    let error: CofferError

    func handle(_ request: CoreRequest) async -> CoreAnswer { CoreAnswer(requestID: request.id, outcome: .failure(error)) }
}

@Suite("Statuses of the Service API")
struct StatusTests {
    /// A server that is not set up is unavailable here; everything else is as in the Vault API, but for a denied service, which is
    /// told nothing more than that.
    static let statuses: [CofferError.Code: Int] = [
        .invalidRequest: 400, .permissionDenied: 403, .notFound: 404, .methodNotAllowed: 405, .conflict: 409, .tooLarge: 413,
        .unsupportedMediaType: 415, .rateLimited: 429, .uninitialized: 503, .sealed: 503, .unavailable: 503, .internal: 500,
    ]

    @Test("answers each error with its status", arguments: CofferError.Code.allCases)
    func statuses(code: CofferError.Code) async throws {
        let settings = ServiceSettings()
        let dialect = ServiceDialect(
            pipeline: Failing(error: CofferError(code, "why")), settings: settings,
            directory: ServiceDirectory(settings, randomness: SeededRandomness(seed: 1)))
        let response = await dialect.respond(
            to: ShellRequest(
                id: "1", method: "GET", path: "/api/secrets/p/a", headers: ["X-Service": "ui", "X-Token": "t"]))
        #expect(response.status == Self.statuses[code])
        #expect(try JSON(parsing: response.body)["detail"]?.stringValue?.isEmpty == false)
    }
}
