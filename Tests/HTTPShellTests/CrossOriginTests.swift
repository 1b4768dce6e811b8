import HTTPShell
import NIOHTTP1
import Testing

@Suite("Pages of other origins")
struct CrossOriginTests {
    private static let rules = CrossOriginRules(
        origins: ["https://ui.example"], methods: "GET", headers: "x-token", exposedHeaders: "link")

    private func request(_ method: String, _ origins: [String]) -> ShellRequest {
        var headers: HTTPHeaders = ["Access-Control-Request-Method": "GET"]
        for origin in origins { headers.add(name: "Origin", value: origin) }
        return ShellRequest(id: "1", method: method, path: "/api/secrets", headers: headers)
    }

    private func allowed(_ response: ShellResponse?) -> [String] {
        response?.headers.filter { $0.name == "access-control-allow-origin" }.map(\.value) ?? []
    }

    @Test("are let in by their origin exactly as it is configured")
    func exact() {
        #expect(allowed(Self.rules.preflight(request("OPTIONS", ["https://ui.example"]))) == ["https://ui.example"])
        let answer = Self.rules.allowing(ShellResponse(status: 200), request("GET", ["https://ui.example"]))
        #expect(allowed(answer) == ["https://ui.example"])
    }

    @Test(
        "are kept out otherwise",
        arguments: [
            ["https://evil.example"], ["http://ui.example"], ["https://ui.example.evil"], ["https://ui.example:8443"], ["null"],
            ["*"], [], ["https://UI.example"], ["https://ui.example\u{301}"], ["https://ui.example", "https://evil.example"],
        ])
    func others(origins: [String]) {
        #expect(Self.rules.preflight(request("OPTIONS", origins)) == nil)
        let answer = Self.rules.allowing(ShellResponse(status: 200), request("GET", origins))
        #expect(allowed(answer).isEmpty)
        // A cache must not hand one page's answer to another.
        #expect(answer.headers.contains { $0.name == "vary" && $0.value == "origin" })
    }

    @Test("get no word of it where none is configured")
    func none() {
        let rules = CrossOriginRules(origins: [], methods: "GET", headers: "", exposedHeaders: "")
        let answer = rules.allowing(ShellResponse(status: 200), request("GET", ["https://ui.example"]))
        #expect(answer.headers.isEmpty)
    }
}
