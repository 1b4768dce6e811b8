import Core
import EngineAPI
import EngineKit
import HTTPShell
import NIOHTTP1
import Synchronization
import Syntax
import Testing

/// Keeps what it is asked.
private final class Kept: Pipeline {
    private let requests = Mutex<[CoreRequest]>([])
    var last: CoreRequest? { requests.withLock { $0.last } }

    func handle(_ request: CoreRequest) async -> CoreAnswer {
        requests.withLock { $0.append(request) }
        return CoreAnswer(requestID: request.id, outcome: .success(.empty))
    }
}

@Suite("A browser's cookie")
struct BrowserCookieTests {
    @Test(
        "is handed to the connections mount by its kind, and never when there are two of it",
        arguments: ["/oauth/start", "/oauth/callback"])
    func kinds(path: String) async throws {
        // The plain one is of the link with the state "x".
        let plain = "coffer-connect-2d711642b726b044"
        let cases: [([String], secure: JSON?, plain: JSON?)] = [
            ([], nil, nil), (["\(plain)=p"], nil, "p"), (["__Host-coffer-connect=s"], "s", nil),
            (["\(plain)=p; __Host-coffer-connect=s"], "s", "p"), (["other=1; \(plain)=p", "a=b"], nil, "p"),
            (["__Host-coffer-connect=s", "__Host-coffer-connect=t; \(plain)=p"], nil, "p"),
            (["\(plain)=p; \(plain)=q; __Host-coffer-connect=s"], "s", nil),
            (["__host-coffer-connect=s"], nil, nil), (["coffer-connect=p"], nil, nil),
            (["coffer-connect-a1fce4363854ff88=p"], nil, nil),
        ]
        for (cookies, secure, plain) in cases {
            let pipeline = Kept()
            let request = ShellRequest(
                id: "id-1", method: "GET", path: path, query: "state=x", headers: HTTPHeaders(cookies.map { ("cookie", $0) }))
            let dialect = try #require(EngineDialect.all(pipeline: pipeline).first { path.hasPrefix($0.prefix) })
            _ = await dialect.respond(to: request)
            let body = try JSON(parsing: #require(pipeline.last).body)
            #expect(body["state"] == "x" && body["browser"] == secure && body["browser_plain"] == plain, "\(cookies)")
        }
    }
}
