import EngineKit
import Syntax
import Testing

@Suite("Statuses of the Vault API")
struct StatusTests {
    static let statuses: [CofferError.Code: Int] = [
        .invalidRequest: 400, .permissionDenied: 403, .notFound: 404, .methodNotAllowed: 405, .conflict: 409, .tooLarge: 413,
        .unsupportedMediaType: 415, .rateLimited: 429, .uninitialized: 400, .sealed: 503, .unavailable: 503, .internal: 500,
    ]

    @Test("answers each error with its status and its messages", arguments: CofferError.Code.allCases)
    func statuses(code: CofferError.Code) async throws {
        let reply = await answer(.failure(CofferError(code, "why")))
        #expect(reply.status == Self.statuses[code])
        #expect(reply.status == code.httpStatus, "the audit records this status whatever the dialect")
        #expect(try JSON(parsing: reply.text)["errors"] == ["why"])
    }
}
