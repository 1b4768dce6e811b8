import Core
import EngineAPI
import EngineKit
import HTTPShell
import NIOHTTP1
import Synchronization
import Syntax
import Testing

/// Notes what it is asked, and answers as told.
private final class Asked: Pipeline {
    private let state: Mutex<(requests: [CoreRequest], answer: CoreAnswer)>

    init(_ outcome: Result<Response, CofferError> = .success(.empty)) {
        state = Mutex(([], CoreAnswer(requestID: "id-1", outcome: outcome)))
    }

    init(_ answer: CoreAnswer) { state = Mutex(([], answer)) }

    var last: CoreRequest? { state.withLock { $0.requests.last } }

    func handle(_ request: CoreRequest) async -> CoreAnswer {
        state.withLock { state in
            state.requests.append(request)
            return state.answer
        }
    }
}

private func send(
    _ pipeline: Asked, _ method: String, _ target: String, _ body: JSON? = nil, headers: HTTPHeaders = ["X-Engine-Key": "k"]
) async -> (status: Int, headers: [(name: String, value: String)], body: JSON) {
    let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
    let request = ShellRequest(
        id: "id-1", method: method, path: parts[0], query: parts.count > 1 ? parts[1] : "", headers: headers,
        body: body?.encoded() ?? [])
    let dialect = EngineDialect.all(pipeline: pipeline)[0]
    let response = await dialect.respond(to: request)
    return (response.status, response.headers, (try? JSON(parsing: response.body)) ?? .null)
}

@Suite("The Engine API's routes")
struct DialectTests {
    private static let token: JSON = ["access_token": "a", "expires_in": 60]

    /// Method, target, body, and what the connections mount is asked: operation, path with query.
    static let routes: [(String, String, JSON?, String, String)] = [
        ("POST", "/store_token", ["user_id": "u1", "platform": "Gmail", "token": token], "update", "tokens/user:u1/prod/gmail"),
        (
            "POST", "/store_token", ["project_id": "p", "platform": "x", "environment": "DEV", "token": token], "update",
            "tokens/project:p/dev/x"
        ),
        (
            "POST", "/get_token",
            ["user_id": 12, "platform": "slack", "scopes": ["a", "b"], "environment": "staging", "min_ttl": 30],
            "read", "tokens/user:12/staging/slack?scopes=a,b&min_ttl=30"
        ),
        ("GET", "/status?user_id=u1", nil, "read", "status/user:u1?environment=prod"),
        (
            "GET", "/status?project_id=p&environment=dev&state=missing", nil, "read",
            "status/project:p?environment=dev&state=missing"
        ),
        (
            "POST", "/vault/store",
            ["engine_id": "e", "project_id": "pf_203", "platform": "Notion", "token_data": token, "environment": "prod"],
            "update", "tokens/project:pf_203/prod/notion"
        ),
        (
            "GET", "/vault/token/pf_203/Slack?environment=dev&scopes=a,b&other=1", nil, "read",
            "tokens/project:pf_203/dev/slack?scopes=a,b"
        ),
        ("DELETE", "/vault/delete/pf_203/slack?environment=dev", nil, "delete", "tokens/project:pf_203/dev/slack"),
        ("DELETE", "/vault/projects/pf_203", nil, "delete", "owners/project:pf_203"),
        // By query, where nothing secret is sent.
        ("POST", "/get_token?user_id=u1&platform=Slack", nil, "read", "tokens/user:u1/prod/slack"),
        (
            "POST", "/get_token?project_id=p&platform=slack&scopes=a,b&min_ttl=30&environment=dev", nil, "read",
            "tokens/project:p/dev/slack?scopes=a,b&min_ttl=30"
        ),
        ("POST", "/status?user_id=u1", nil, "read", "status/user:u1?environment=prod"),
        ("POST", "/status", ["user_id": "u1", "state": "missing"], "read", "status/user:u1?environment=prod&state=missing"),
        // Names of any script, as one segment.
        (
            "POST", "/get_token", ["project_id": "my project", "platform": "slack"], "read",
            "tokens/project:my%20project/prod/slack"
        ),
        ("GET", "/vault/token/%D7%A9%D7%9C%D7%95%D7%9D/slack", nil, "read", "tokens/project:%D7%A9%D7%9C%D7%95%D7%9D/prod/slack"),
        ("DELETE", "/vault/projects/50%25", nil, "delete", "owners/project:50%25"),
        // Older shapes.
        (
            "POST", "/vault/store", ["projectId": "p", "service": "Slack", "token": "xoxb"], "update",
            "tokens/project:p/prod/slack"
        ),
        ("POST", "/vault/token", ["project": "p", "service": "Slack", "token": "xoxb"], "update", "tokens/project:p/prod/slack"),
        ("GET", "/vault/tokens/p", nil, "read", "status/project:p?environment=prod&detailed=true"),
        ("DELETE", "/vault/token/p/slack", nil, "delete", "tokens/project:p/prod/slack"),
        ("DELETE", "/vault/tokens/p", nil, "delete", "owners/project:p"),
        ("GET", "/vault/projects?limit=5&after=a", nil, "list", "owners/?kind=project&limit=5&after=project:a"),
    ]

    @Test("each route asks the connections mount for one thing", arguments: routes.indices)
    func route(index: Int) async throws {
        let (method, target, body, operation, path) = Self.routes[index]
        let pipeline = Asked()
        #expect(await send(pipeline, method, target, body).status == 200)
        let request = try #require(pipeline.last)
        let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        #expect(request.operation.rawValue == operation)
        #expect(request.path + (query.isEmpty ? "" : "?" + query) == "connections/" + path)
    }

    @Test(
        "a token is taken from where it stands: in an object, beside it, or bare",
        arguments: [
            (["token": ["access_token": "a", "scope": "x y"]], ["access_token": "a", "scopes": ["x", "y"]]),
            (
                ["token": ["access_token": "a"], "expires_at": 5, "scopes": ["x"]],
                ["access_token": "a", "expires_at": 5, "scopes": ["x"]]
            ),
            (["token": ["access_token": "a", "expires_in": 1], "expires_at": 5], ["access_token": "a", "expires_in": 1]),
            (["api_key": "k"], ["api_key": "k"]), (["token": "k"], ["api_key": "k"]),
            (
                ["access_token": "a", "refresh_token": "r", "metadata": ["w": "1"]],
                ["access_token": "a", "refresh_token": "r", "metadata": ["w": "1"]]
            ),
            (["token": ["access_token": "a", "refresh_token": .null, "nonsense": 1]], ["access_token": "a"]),
        ] as [(JSON, JSON)])
    func members(sent: JSON, expected: JSON) async throws {
        var body = sent.objectValue ?? [:]
        body["user_id"] = "u1"
        body["platform"] = "slack"
        let pipeline = Asked()
        _ = await send(pipeline, "POST", "/store_token", .object(body))
        let stored = try JSON(parsing: #require(pipeline.last).body).objectValue ?? [:]
        #expect(
            Dictionary(stored.members.map { ($0.key, $0.value) }) { $1 }
                == Dictionary((expected.objectValue ?? [:]).members.map { ($0.key, $0.value) }) { $1 })
    }

    @Test(
        "what cannot be a request never reaches the pipeline",
        arguments: [
            ("GET", "/store_token", nil, 405), ("POST", "/status", [:], 400), ("PUT", "/vault/store", nil, 405),
            ("PATCH", "/vault/token/p/slack", nil, 405), ("GET", "/vault/nothing", nil, 404),
            ("GET", "/vault/token/p/slack/x", nil, 404),
            ("GET", "/status/", nil, 404), ("POST", "/get_token/x", [:], 404), ("GET", "/vault/token/p/..", nil, 400),
            ("GET", "/vault/token/p%2Fq/slack", nil, 400), ("GET", "/vault/token/p/sl%00ack", nil, 400),
            ("GET", "/status", nil, 400), ("GET", "/status?user_id=a&project_id=b", nil, 400),
            ("GET", "/status?user_id=%zz", nil, 400),
            ("POST", "/get_token", [:], 400), ("POST", "/get_token", ["user_id": "u1/prod/slack/u2", "platform": "slack"], 400),
            ("POST", "/get_token", ["user_id": "..", "platform": "../x"], 400), ("POST", "/get_token", ["user_id": "u"], 400),
            ("POST", "/get_token", ["user_id": "u", "platform": "s", "scopes": [1]], 400),
            ("POST", "/get_token", ["user_id": "u", "platform": "s", "min_ttl": -1], 400),
            ("POST", "/get_token", ["user_id": "u", "project_id": "p", "platform": "s"], 400), ("POST", "/get_token", [1], 400),
            ("POST", "/store_token", ["user_id": "u", "platform": "s", "token": [1]], 400),
            // A secret in a query would stand in every log on the way.
            ("POST", "/store_token?user_id=u&platform=s&access_token=a", nil, 400),
            ("POST", "/vault/token?project=p&service=s&token=a", nil, 400),
            ("POST", "/get_token?user_id=u&user_id=v&platform=s", nil, 400),
            ("POST", "/get_token", ["user_id": "a\\b", "platform": "s"], 400),
            ("POST", "/get_token", ["user_id": "a\u{7}b", "platform": "s"], 400),
            ("POST", "/get_token", ["user_id": "e\u{301}", "platform": "s"], 400),
        ] as [(String, String, JSON?, Int)])
    func refusals(method: String, target: String, body: JSON?, status: Int) async {
        let pipeline = Asked()
        let answer = await send(pipeline, method, target, body)
        #expect(answer.status == status)
        #expect(answer.body["error"]?["request_id"] == "id-1" && answer.body["error"]?["code"]?.stringValue != nil)
        // At most the caller's right was asked for, on what cannot exist.
        if let asked = pipeline.last {
            #expect(["connections/tokens/user:-/-/-", "connections/status/-", "connections/owners/-"].contains(asked.path))
            #expect(asked.body.isEmpty && asked.query.isEmpty)
        }
    }

    @Test(
        "a platform and an environment are words of at most 64 ASCII letters, digits, _ and -",
        arguments: ["", "a.b", "a b", "a:b", "a*", "é", "a/b", "..", "+", "a\u{7F}", String(repeating: "a", count: 65)])
    func words(word: String) async throws {
        for (target, member) in [("/get_token", "platform"), ("/store_token", "service"), ("/get_token", "environment")] {
            // An empty environment is the default one.
            if member == "environment", word.isEmpty { continue }
            var body: JSONObject = ["user_id": "u", "platform": "slack", "token": Self.token]
            if member == "service" { body["platform"] = nil }
            body[member] = .string(word)
            let pipeline = Asked()
            #expect(await send(pipeline, "POST", target, .object(body)).status == 400, "\(member)")
            // What was asked for is the caller's right, on a path without the word.
            #expect(pipeline.last.map { $0.path == "connections/tokens/user:-/-/-" } ?? true)
        }
        let longest = String(repeating: "A", count: 64)
        let pipeline = Asked()
        _ = await send(pipeline, "POST", "/get_token", ["user_id": "u", "platform": .string(longest)])
        #expect(try #require(pipeline.last).path == "connections/tokens/user:u/prod/" + longest.lowercased())
    }

    @Test(
        "who may not call learns that before anything about the fields",
        arguments: ["POST /store_token", "POST /get_token", "GET /status"])
    func credentialsFirst(call: String) async {
        let parts = call.split(separator: " ").map(String.init)
        for (refusal, status) in [(InlineRefusal.wrongSecret, 401), (.unknownName, 401), (.notAllowed, 403), (.locked, 429)] {
            var refused = CoreAnswer(requestID: "id-1", outcome: .failure(Self.error(.permissionDenied)))
            refused.inlineRefusal = refusal
            #expect(await send(Asked(refused), parts[0], parts[1], parts[0] == "POST" ? [:] : nil).status == status)
        }
        #expect(await send(Asked(.failure(Self.error(.sealed))), parts[0], parts[1], parts[0] == "POST" ? [:] : nil).status == 503)
        // Without credentials nobody is asked at all; with good ones the fields are told.
        let pipeline = Asked(.failure(Self.error(.invalidRequest)))
        #expect(await send(pipeline, parts[0], parts[1], parts[0] == "POST" ? [:] : nil, headers: [:]).status == 401)
        #expect(pipeline.last == nil)
        #expect(await send(pipeline, parts[0], parts[1], parts[0] == "POST" ? [:] : nil).status == 400)
    }

    private static func error(_ code: CofferError.Code, _ reason: String? = nil, _ retryAfter: Int? = nil) -> CofferError {
        var error = CofferError(code, "text")
        error.reason = reason
        error.retryAfter = retryAfter
        return error
    }

    static let errors: [(CofferError, InlineRefusal?, Int, String)] = [
        (error(.permissionDenied), .unknownName, 401, "unauthorized"),
        (error(.permissionDenied), .wrongSecret, 401, "unauthorized"),
        (error(.permissionDenied), .notAllowed, 403, "forbidden"), (error(.permissionDenied), nil, 403, "forbidden"),
        (error(.permissionDenied, nil, 840), .locked, 429, "too_many_failures"),
        (error(.notFound, "not_connected"), nil, 404, "not_connected"),
        (error(.conflict, "insufficient_scope"), nil, 409, "insufficient_scope"),
        (error(.invalidRequest, "token_expired"), nil, 410, "token_expired"),
        (error(.invalidRequest, "revoked"), nil, 410, "revoked"),
        (error(.conflict, "provider_failing", 7), nil, 424, "provider_failing"),
        (error(.conflict, "refresh_under_way", 1), nil, 424, "refresh_under_way"), (error(.sealed), nil, 503, "sealed"),
        (error(.uninitialized), nil, 503, "sealed"), (error(.unavailable), nil, 503, "unavailable"),
        (error(.internal), nil, 500, "internal_error"), (error(.invalidRequest), nil, 400, "invalid_request"),
        (error(.tooLarge), nil, 413, "too_large"), (error(.conflict, "owner_deleting", 1), nil, 409, "owner_deleting"),
    ]

    @Test("every refusal of the pipeline has its status and code", arguments: errors.indices)
    func codes(index: Int) async {
        let (error, refusal, status, code) = Self.errors[index]
        var answer = CoreAnswer(requestID: "id-1", outcome: .failure(error))
        answer.inlineRefusal = refusal
        let got = await send(Asked(answer), "GET", "/status?user_id=u1")
        #expect(got.status == status && got.body["error"]?["code"] == .string(code))
        #expect(got.body["error"]?["request_id"] == "id-1")
        if let wait = error.retryAfter {
            #expect(got.body["error"]?["retry_after"] == .int(wait))
            #expect(got.headers.contains { $0.name == "retry-after" && $0.value == String(wait) })
        }
    }

    @Test("a quota's wait is told in the header and in the body")
    func quota() async {
        let answer = CoreAnswer(requestID: "id-1", outcome: .failure(Self.error(.rateLimited, nil, 9)))
        let got = await send(Asked(answer), "GET", "/status?user_id=u1")
        #expect(got.status == 429 && got.body["error"]?["retry_after"] == 9)
        #expect(got.headers.filter { $0.name == "retry-after" }.map(\.value) == ["9"])
    }

    @Test("every answer has the request id, and a token only what was asked for")
    func answers() async throws {
        let data: JSONObject = [
            "access_token": "a", "token_type": "Bearer", "expires_at": "2026-01-01T00:00:00Z", "expires_in": 5, "scopes": ["x"],
            "type": "oauth", "metadata": ["w": "1"],
        ]
        let pipeline = Asked(.success(.data(data)))
        let token = await send(pipeline, "POST", "/get_token", ["user_id": "u", "platform": "s"])
        #expect(
            token.body.objectValue.map { Set($0.keys) }
                == ["access_token", "expires_at", "expires_in", "scopes", "token_type", "request_id"])
        let project = await send(pipeline, "GET", "/vault/token/p/slack")
        #expect(project.body.objectValue.map { Set($0.keys) } == ["access_token", "token", "valid_until", "scopes", "request_id"])
        #expect(project.body["token"] == "a")
        #expect(project.body["valid_until"] == "2026-01-01T00:00:00Z" && project.body["request_id"] == "id-1")
    }

    @Test("credentials are read from one place, and never twice")
    func credentials() async throws {
        let pipeline = Asked()
        let body: JSON = ["user_id": "u", "platform": "s"]
        let both: HTTPHeaders = ["X-Engine-Key": "k", "Authorization": "Bearer k"]
        #expect(await send(pipeline, "POST", "/get_token", body, headers: both).status == 400)
        var twice = HTTPHeaders([("X-Engine-ID", "a"), ("X-Engine-ID", "b")])
        twice.add(name: "X-Engine-Key", value: "k")
        #expect(await send(pipeline, "POST", "/get_token", body, headers: twice).status == 400)
        #expect(await send(pipeline, "POST", "/get_token", body, headers: [:]).status == 401)
        #expect(pipeline.last == nil)
        #expect(await send(pipeline, "POST", "/get_token", body, headers: ["Authorization": "bearer  k"]).status == 200)
        guard case .inline(let inline)? = pipeline.last?.credentials else {
            Issue.record("no inline credentials")
            return
        }
        #expect(inline.kind == "engine" && inline.name.isEmpty)
    }
}
