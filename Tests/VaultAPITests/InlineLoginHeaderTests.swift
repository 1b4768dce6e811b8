import Core
import EngineKit
import NIOHTTP1
import Syntax
import Testing

@Suite("The headers of a login that comes with a request")
struct InlineLoginHeaderTests {
    private static let path = ("X-Vault-Inline-Auth-Path", "auth/jwt/login")

    private static func parameter(_ key: String, _ value: JSON, named name: String = "p") -> (String, String) {
        let object: JSONObject = ["key": .string(key), "value": value]
        return ("X-Vault-Inline-Auth-Parameter-" + name, Base64.encode(object.encoded(), as: .url))
    }

    private static func encoded(_ text: String) -> (String, String) {
        ("X-Vault-Inline-Auth-Parameter-p", Base64.encode(Array(text.utf8), as: .url))
    }

    private func login(_ headers: [(String, String)]) async -> (login: RequestLogin?, status: Int, text: String) {
        let reply = await ask("GET", headers: HTTPHeaders(headers))
        guard case .login(let login)? = reply.asked?.credentials else { return (nil, reply.status, reply.text) }
        return (login, reply.status, reply.text)
    }

    @Test func theyNameTheLoginAndItsParameters() async throws {
        let found = await login([
            Self.path, Self.parameter("jwt", "a.b.c", named: "token"), Self.parameter("role", "r", named: "x"),
            ("X-VAULT-INLINE-AUTH-OPERATION", "update"), ("x-vault-inline-auth-namespace", "root"),
        ])
        let login = try #require(found.login)
        #expect(login.path == "auth/jwt/login")
        #expect(login.parameters == ["jwt": "a.b.c", "role": "r"])
    }

    @Test func aValueKeepsItsType() async throws {
        let values: [JSON] = [5, true, ["a", "b"], ["a": ["b": .null]], .null, ""]
        for value in values {
            let login = try #require(await login([Self.path, Self.parameter("k", value)]).login)
            #expect(login.parameters["k"] == value)
        }
    }

    @Test("takes as the operation", arguments: ["update", "create"])
    func operation(_ text: String) async {
        #expect(await login([Self.path, ("X-Vault-Inline-Auth-Operation", text)]).login != nil)
    }

    @Test(
        "refuses as the operation",
        arguments: ["read", "renew", "revoke", "rollback", "resolve-role", "alias-lookahead", "UPDATE", "", "canary"])
    func noOperation(_ text: String) async {
        let found = await login([Self.path, ("X-Vault-Inline-Auth-Operation", text)])
        #expect(found.login == nil && found.status == 400 && !found.text.contains("canary"))
    }

    @Test(
        "refuses as a parameter",
        arguments: [
            "", "canary", "{}", "[]", #"{"key":"canary"}"#, #"{"value":"canary"}"#, #"{"key":5,"value":1}"#,
            #"{"key":"","value":1}"#,
            #"{"key":"k","value":1,"canary":2}"#, #"{"key":"k","key":"l","value":1}"#, #"{"key":"k","value":1} canary"#,
            #"{"key":"k","value":[[[[[[[[[1]]]]]]]]]}"#,
        ])
    func noParameter(_ text: String) async {
        let found = await login([Self.path, Self.encoded(text)])
        #expect(found.login == nil && found.status == 400 && !found.text.contains("canary"))
    }

    @Test("refuses as base64", arguments: ["eyJrZXkiOiJrIiwidmFsdWUiOjF9=", "eyJrZXkiOiJrIiwidmFsdWUiOiI/Pz8ifQ", "!!!", " "])
    func noBase64(_ text: String) async {
        #expect(await login([Self.path, ("X-Vault-Inline-Auth-Parameter-p", text)]).status == 400)
    }

    @Test func eachMayBeThereOnce() async {
        #expect(await login([Self.path, Self.path]).status == 400)
        #expect(await login([Self.path, Self.parameter("a", 1), Self.parameter("b", 1, named: "P")]).status == 400)
        #expect(await login([Self.path, Self.parameter("a", 1), Self.parameter("a", 2, named: "q")]).status == 400)
        #expect(await login([Self.path, Self.parameter("a", 1), Self.parameter("b", 2, named: "q")]).login != nil)
    }

    @Test func thereAreAtMostSixteenParameters() async {
        let all = (0..<17).map { Self.parameter("k\($0)", 1, named: "n\($0)") }
        #expect(await login([Self.path] + all.dropLast()).login?.parameters.count == 16)
        #expect(await login([Self.path] + all).status == 400)
    }

    @Test("refuses beside it", arguments: [("X-Vault-Token", "canary"), ("Authorization", "Bearer canary")])
    func aToken(_ name: String, _ value: String) async {
        let found = await login([Self.path, (name, value)])
        #expect(found.login == nil && found.status == 400 && !found.text.contains("canary"))
    }

    @Test func aPathIsNeeded() async {
        #expect(await login([Self.parameter("a", 1)]).status == 400)
        #expect(await login([("X-Vault-Inline-Auth-Path", "")]).status == 400)
        #expect(await login([Self.path, ("X-Vault-Inline-Auth-Canary", "x")]).status == 400)
        #expect(await login([Self.path, ("X-Vault-Inline-Auth-Namespace", "team")]).status == 400)
    }

    @Test func theAuditNeverGetsThemAsHeaders() async throws {
        let asked = try #require(
            await ask("GET", headers: HTTPHeaders([Self.path, Self.parameter("a", 1), ("X-Case", "7")])).asked)
        #expect(asked.headers.map(\.name) == ["x-case"])
    }
}
