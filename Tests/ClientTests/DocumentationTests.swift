import CofferClient
import Foundation
import Syntax
import Testing

@Suite("The articles of the client's documentation")
struct DocumentationTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test("show only code that is compiled with these tests")
    func compiled() throws {
        let source = try String(
            contentsOf: Self.root.appending(path: "Tests/ClientTests/DocumentationExamples.swift"), encoding: .utf8)
        let compiled = Set(Self.sections(of: source, from: "// example", to: "// end"))
        let catalog = Self.root.appending(path: "Sources/CofferClient/Documentation.docc")
        var shown: Set<String> = []
        for article in try FileManager.default.contentsOfDirectory(at: catalog, includingPropertiesForKeys: nil) {
            for code in Self.sections(of: try String(contentsOf: article, encoding: .utf8), from: "```swift", to: "```") {
                #expect(compiled.contains(code), "\(article.lastPathComponent) shows code that is not compiled:\n\(code)")
                shown.insert(code)
            }
        }
        #expect(shown.count >= 20)
        #expect(compiled.subtracting(shown) == [], "compiled, and shown in no article")
    }

    @Test("read a secret, and give nil for one that does not exist")
    func read() async throws {
        #expect(try await DocumentationExamples.read(DocumentationExamples.fixedAnswer()) == "p")
        let absent = try client(ScriptedTransport([.init(404, #"{"errors":[]}"#)]))
        #expect(try await DocumentationExamples.read(absent) == nil)
    }

    @Test("write again when another writer was first, and give up after five attempts")
    func checkAndSet() async throws {
        let current = TransportResponse(200, #"{"data":{"data":{"ann":"active"},"metadata":{"version":3}}}"#)
        let refused = TransportResponse(400, #"{"errors":["check-and-set parameter did not match the current version"]}"#)
        let written = TransportResponse(200, #"{"data":{"version":4}}"#)
        let transport = ScriptedTransport([current, refused, current, written])
        #expect(try await DocumentationExamples.checkAndSet(client(transport), name: "ben"))
        let body = try #require(transport.requests.last?.body)
        #expect(String(decoding: body, as: UTF8.self) == #"{"data":{"ann":"active","ben":"active"},"options":{"cas":3}}"#)

        let busy = ScriptedTransport((1...5).flatMap { _ in [current, refused] })
        #expect(try await !DocumentationExamples.checkAndSet(client(busy), name: "ben"))
        #expect(busy.requests.count == 10)
    }

    @Test("renew until the token is no longer renewable")
    func renewal() async throws {
        let transport = ScriptedTransport([
            .init(200, #"{"auth":{"client_token":"hvs.a","lease_duration":60,"renewable":false}}"#)
        ])
        try await DocumentationExamples.renew(client(transport))
        #expect(transport.requests.map(\.url) == ["http://server:8200/v1/auth/token/renew-self"])
    }

    @Test("wrap an answer, and unwrap it with the wrapping token")
    func wrapping() async throws {
        let transport = ScriptedTransport([
            .init(200, #"{"wrap_info":{"token":"hvs.wrapping","ttl":60}}"#), .init(200, #"{"data":{"a":"b"}}"#),
        ])
        let client = try client(transport)
        let token = try #require(try await DocumentationExamples.wrap(client))
        #expect(transport.requests.last?.headers.first(named: "X-Vault-Wrap-TTL") == "60s")
        #expect(try await DocumentationExamples.unwrap(client, wrappingToken: token) == ["a": "b"])
        #expect(transport.requests.last?.headers.first(named: "X-Vault-Token") == "hvs.wrapping")
        #expect(transport.requests.last?.headers.first(named: "X-Vault-Wrap-TTL") == nil)
    }

    @Test("throw the server's refusal after explaining it")
    func refusal() async throws {
        let client = try client(ScriptedTransport([.init(403, #"{"errors":["permission denied"]}"#)]))
        let error = await #expect(throws: ClientError.self) { try await DocumentationExamples.errors(client) }
        #expect(error?.status == 403)
    }

    /// Returns the texts between lines that consist of the two marks, without their common indentation.
    private static func sections(of text: String, from start: String, to end: String) -> [String] {
        var found: [String] = []
        var open: [String]?
        for line in text.components(separatedBy: "\n") {
            let word = line.trimmingCharacters(in: .whitespaces)
            if word == start {
                open = []
            } else if word == end, let lines = open {
                let indents = lines.filter { !$0.isEmpty }.map { (line: String) -> Int in
                    line.count - line.trimmingPrefix(while: { $0 == " " }).count
                }
                let indent = indents.min() ?? 0
                found.append(lines.map { String($0.dropFirst(indent)) }.joined(separator: "\n"))
                open = nil
            } else {
                open?.append(line)
            }
        }
        return found
    }
}
