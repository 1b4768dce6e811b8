import Core
import EngineKit
import HTTPShell
import NIOHTTP1
import Syntax
import TestSupport
import Testing

@testable import ServiceAPI

/// Has four projects, in the order of their names.
private struct FourProjects: Pipeline {
    static let names = ["a", "b b", "c", "é"]

    func handle(_ request: CoreRequest) async -> CoreAnswer {
        let projects = Self.names.map { JSON.object(["name": .string($0), "is_default": false]) }
        return CoreAnswer(
            requestID: request.id, path: request.path, outcome: .success(.data(["projects": .array(projects)])))
    }
}

@Suite("Lists of projects")
struct ProjectListingTests {
    private func list(_ query: String) async throws -> (status: Int, names: [String], headers: [String: String], body: JSON) {
        let settings = ServiceSettings()
        let dialect = ServiceDialect(
            pipeline: FourProjects(), settings: settings,
            directory: ServiceDirectory(settings, randomness: SeededRandomness(seed: 1)))
        let answer = await dialect.respond(
            to: ShellRequest(
                id: "id-1", method: "GET", path: "/api/projects", query: query, headers: ["X-Service": "ui", "X-Token": "t"],
                body: []))
        let body = try JSON(parsing: answer.body)
        let headers = Dictionary(answer.headers.map { ($0.name, $0.value) }) { $1 }
        return (answer.status, body.arrayValue?.compactMap { $0["name"]?.stringValue } ?? [], headers, body)
    }

    @Test("are whole without a limit, and say how many there are")
    func whole() async throws {
        for query in ["", "limit=", "limit=4", "limit=1000", "other=1"] {
            let listed = try await list(query)
            #expect(listed.status == 200 && listed.names == FourProjects.names, "\(query)")
            #expect(listed.headers["x-total-count"] == "4" && listed.headers["link"] == nil)
        }
    }

    @Test("come in pages, each with where the next is")
    func pages() async throws {
        var query = "limit=1"
        var seen: [String] = []
        while true {
            let page = try await list(query)
            seen += page.names
            guard let link = page.headers["link"] else { break }
            #expect(page.names.count == 1 && link.hasSuffix(">; rel=\"next\"") && link.hasPrefix("</api/projects?"))
            query = String(link.dropFirst("</api/projects?".count).prefix { $0 != ">" })
        }
        #expect(seen == FourProjects.names)
    }

    @Test("refuse a limit that is none", arguments: ["abc", "0", "-1", "1001", "1.5", "99999999999999999999"])
    func limits(limit: String) async throws {
        let refused = try await list("limit=\(limit)")
        #expect(refused.status == 422)
        #expect(String(decoding: refused.body.encoded(), as: UTF8.self).contains("must be a number from 1 to 1000"))
    }
}
