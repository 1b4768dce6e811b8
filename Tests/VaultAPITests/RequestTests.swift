import Core
import EngineKit
import NIOHTTP1
import Testing

@Suite struct RequestTests {
    @Test(
        "maps methods to operations",
        arguments: [
            ("GET", "", Operation.read), ("HEAD", "", .read), ("GET", "list=true", .list), ("GET", "list=1", .list),
            ("GET", "list=false", .read), ("LIST", "", .list), ("SCAN", "", .list), ("GET", "scan=true", .list),
            ("POST", "", .update),
            ("PUT", "", .update), ("DELETE", "", .delete), ("GET", "help=1", .help),
        ])
    func maps(_ method: String, _ query: String, _ operation: Operation) async {
        let asked = await ask(method, query: query).asked
        #expect(asked?.operation == operation && asked?.isHead == (method == "HEAD"))
        #expect(asked?.path == "secret/data/db")
        let isRecursive = method == "SCAN" || query == "scan=true"
        #expect(asked?.query.map(\.name) == (isRecursive ? ["recursive"] : []))
    }

    @Test("leaves out the body of a request that changes nothing", arguments: ["GET", "HEAD", "LIST", "SCAN"])
    func leavesOutBodies(_ method: String) async {
        for body in ["{\"version\":1}", "no JSON"] { #expect(await ask(method, body: body).asked?.body == []) }
    }

    @Test("does not allow", arguments: ["OPTIONS", "TRACE", "CONNECT", "COPY", "get", ""])
    func doesNotAllow(_ method: String) async {
        let reply = await ask(method)
        #expect(reply.asked == nil)
        #expect(reply.status == 405)
        #expect(reply.text == #"{"errors":["method not allowed"]}"#)
    }

    @Test func patchNeedsItsContentType() async {
        #expect(await ask("PATCH", headers: ["Content-Type": "application/json"], body: "{}").status == 415)
        #expect(await ask("PATCH", body: "{}").status == 415)
        let asked = await ask("PATCH", headers: ["Content-Type": "application/merge-patch+json; charset=utf-8"], body: "{}").asked
        #expect(asked?.operation == .patch)
    }

    @Test(
        "tells the pipeline of a body that is a form",
        arguments: ["application/x-www-form-urlencoded", "Multipart/Form-Data; boundary=x"])
    func tellsOfForms(_ type: String) async {
        let asked = await ask("POST", headers: ["Content-Type": type], body: "token=canary").asked
        #expect(asked?.isForm == true && asked?.contentType == type)
    }

    @Test("takes JSON under", arguments: ["", "application/json", "application/x-www-form-urlencoded", "text/plain"])
    func takesJSON(_ type: String) async {
        let asked = await ask("POST", headers: type.isEmpty ? [:] : ["Content-Type": type], body: " {\"a\":1}").asked
        #expect(asked.map { String(decoding: $0.body, as: UTF8.self) } == " {\"a\":1}")
        #expect(asked?.isForm == false)
    }

    @Test(
        "finds the token",
        arguments: [
            (["X-Vault-Token": "t"], "t"), (["Authorization": "Bearer t"], "t"), (["authorization": "bearer   t"], "t"), ([:], nil),
            (["X-Vault-Token": ""], nil), (["Authorization": "Basic dTpw"], nil), (["Authorization": "Bearer "], nil),
            (["X-Vault-Token": "t", "Authorization": "Basic dTpw"], "t"),
        ] as [([String: String], String?)])
    func findsToken(_ headers: [String: String], _ token: String?) async throws {
        let asked = try #require(
            await ask("GET", headers: HTTPHeaders(headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })).asked)
        if case .token(let found) = asked.credentials { #expect(found == token) } else { #expect(token == nil) }
    }

    @Test func refusesTwoTokens() async {
        let reply = await ask("GET", headers: ["X-Vault-Token": "canary", "Authorization": "Bearer canary"])
        #expect(reply.asked == nil)
        #expect(reply.status == 400)
        #expect(!reply.text.contains("canary"))
    }

    @Test("refuses namespaces", arguments: ["team", "team/", "/team", "root/team"])
    func refusesNamespaces(_ name: String) async {
        let reply = await ask("GET", headers: ["X-Vault-Namespace": name])
        #expect(reply.status == 400)
        for part in ["namespaces are not supported", "X-Vault-Namespace", "-namespace", "VAULT_NAMESPACE"] {
            #expect(reply.text.contains(part))
        }
    }

    @Test("takes as the root namespace", arguments: ["", "/", "root", "root/"])
    func rootNamespace(_ name: String) async { #expect(await ask("GET", headers: ["X-Vault-Namespace": name]).status == 204) }

    @Test(
        "reads the wrapping time",
        arguments: [("90", 90), ("5m", 300), ("1h30m", 5_400), ("0", nil), ("", nil)] as [(String, Int?)])
    func wrapTTL(_ text: String, _ seconds: Int?) async throws {
        let asked = try #require(await ask("GET", headers: ["X-Vault-Wrap-TTL": text]).asked)
        #expect(asked.wrapTTL == seconds)
    }

    @Test("refuses as a wrapping time", arguments: ["-1", "1.5s", "canary", "99999999999999999999"])
    func badWrapTTL(_ text: String) async {
        let reply = await ask("GET", headers: ["X-Vault-Wrap-TTL": text])
        #expect(reply.status == 400)
        #expect(!reply.text.contains("canary"))
    }

    @Test func decodesTheQuery() async throws {
        let asked = try #require(await ask("GET", query: "version=3&after=a%2Fb+c&flag&list=false").asked)
        #expect(asked.query.map(\.name) == ["version", "after", "flag"])
        #expect(asked.query.map(\.value) == ["3", "a/b c", ""])
    }

    @Test(
        "refuses the query",
        arguments: [
            "a=%", "a=%2", "a=%zz", "a=%ff", "a=%00", "version=1&version=2", "list=perhaps",
            (0..<65).map { "q\($0)=1" }.joined(separator: "&"),
        ])
    func refusesQuery(_ query: String) async {
        let reply = await ask("GET", query: query)
        #expect(reply.asked == nil)
        #expect(reply.status == 400)
    }

    @Test func passesThePathAsItCame() async {
        #expect(await ask("GET", "/v1/secret/data/a%2e%2e//b").asked?.path == "secret/data/a%2e%2e//b")
    }
}
