import Core
import EngineAPI
import EngineKit
import HTTPShell
import NIOHTTP1
import Syntax
import Testing

/// Fails every request in the same way.
private struct Failing: Pipeline {
    let error: CofferError

    func handle(_ request: CoreRequest) async -> CoreAnswer { CoreAnswer(requestID: request.id, outcome: .failure(error)) }
}

@Suite("Statuses of the Engine API")
struct StatusTests {
    private func answer(_ error: CofferError) async throws -> (status: Int, code: String?) {
        let request = ShellRequest(
            id: "1", method: "GET", path: "/status", query: "user_id=u1", headers: ["X-Engine-Key": "k"])
        let response = await EngineDialect.all(pipeline: Failing(error: error))[0].respond(to: request)
        return (response.status, try JSON(parsing: response.body)["error"]?["code"]?.stringValue)
    }

    static let codes: [CofferError.Code: (status: Int, code: String)] = [
        .invalidRequest: (400, "invalid_request"), .permissionDenied: (403, "forbidden"), .notFound: (404, "not_found"),
        .methodNotAllowed: (405, "method_not_allowed"), .conflict: (409, "conflict"), .tooLarge: (413, "too_large"),
        .unsupportedMediaType: (415, "unsupported_media_type"), .rateLimited: (429, "rate_limited"),
        .uninitialized: (503, "sealed"), .sealed: (503, "sealed"), .unavailable: (503, "unavailable"),
        .internal: (500, "internal_error"),
    ]

    @Test("answers each error with its status and code", arguments: CofferError.Code.allCases)
    func code(code: CofferError.Code) async throws {
        let reply = try await answer(CofferError(code, "why"))
        #expect(reply.status == Self.codes[code]?.status && reply.code == Self.codes[code]?.code)
    }

    @Test(
        "tells apart why there is no token",
        arguments: [
            ("not_connected", 404), ("insufficient_scope", 409), ("token_expired", 410), ("revoked", 410),
            ("provider_failing", 424), ("refresh_under_way", 424), ("unknown_platform", 400),
        ])
    func reason(reason: String, status: Int) async throws {
        var error = CofferError(.notFound, "why")
        error.reason = reason
        let reply = try await answer(error)
        #expect(reply.status == status && reply.code == reason)
    }

    @Test("answers a reason that it does not know by the error's code")
    func unknownReason() async throws {
        var error = CofferError(.unavailable, "why")
        error.reason = "bad_weather"
        let reply = try await answer(error)
        #expect(reply.status == 503 && reply.code == "unavailable")
    }
}
