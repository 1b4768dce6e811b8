import HTTPShell
import NIOHTTP1
import Testing

@testable import ServiceAPI

@Suite("Pages of other origins")
struct CrossOriginTests {
    private static let origins: Set = ["https://ui.example"]

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
        #expect(allowed(CrossOrigin.preflight(request("OPTIONS", ["https://ui.example"]), Self.origins)) == ["https://ui.example"])
        let answer = CrossOrigin.allowing(ShellResponse(status: 200), request("GET", ["https://ui.example"]), origins: Self.origins)
        #expect(allowed(answer) == ["https://ui.example"])
    }

    @Test(
        "are kept out otherwise",
        arguments: [
            ["https://evil.example"], ["http://ui.example"], ["https://ui.example.evil"], ["https://ui.example:8443"], ["null"],
            ["*"], [], ["https://UI.example"], ["https://ui.example\u{301}"], ["https://ui.example", "https://evil.example"],
        ])
    func others(origins: [String]) {
        #expect(CrossOrigin.preflight(request("OPTIONS", origins), Self.origins) == nil)
        let answer = CrossOrigin.allowing(ShellResponse(status: 200), request("GET", origins), origins: Self.origins)
        #expect(allowed(answer).isEmpty)
        // A cache must not hand one page's answer to another.
        #expect(answer.headers.contains { $0.name == "vary" && $0.value == "origin" })
    }

    @Test("get no word of it where none is configured")
    func none() {
        let answer = CrossOrigin.allowing(ShellResponse(status: 200), request("GET", ["https://ui.example"]), origins: [])
        #expect(answer.headers.isEmpty)
    }
}
