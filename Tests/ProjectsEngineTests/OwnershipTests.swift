import EngineKit
import Syntax
import Testing

@Suite("Whose a project is")
struct OwnershipTests {
    @Test("who made it changes it, and nobody else without a policy for it")
    func owner() async throws {
        let projects = ProjectsDriver()
        try await projects.send(.update, "records/news", ["description": "first"])
        try await projects.send(.update, "records/other", as: "bob")
        for (operation, path) in [
            (.update, "records/news"), (.update, "records/news/default"), (.delete, "records/news"),
        ] as [(EngineKit.Operation, String)] {
            #expect(await projects.refusal(operation, path, as: "bob") == .permissionDenied)
            #expect(await projects.refusal(operation, path, as: "bob", managing: ["other"]) == .permissionDenied)
        }
        #expect(try await projects.names() == ["news", "other"])
        #expect(try await projects.send(.read, "records/news")["description"] == "first")
        try await projects.send(.update, "records/news", ["description": "second"])
        try await projects.send(.update, "records/news", ["description": "third"], as: "bob", managing: ["news"])
        #expect(try await projects.send(.read, "records/news")["description"] == "third")
        try await projects.send(.delete, "records/news", as: "bob", managing: ["news"])
        #expect(try await projects.names() == ["other"])
    }

    @Test("a project that nobody owns is not everybody's who has no token either")
    func nobodys() async throws {
        let projects = ProjectsDriver()
        try await projects.send(.update, "records/news", as: "")
        for operation in [.update, .delete] as [EngineKit.Operation] {
            #expect(await projects.refusal(operation, "records/news", as: "") == .permissionDenied)
        }
        #expect(await projects.refusal(.update, "records/news/default", as: "") == .permissionDenied)
        #expect(try await projects.names() == ["news"])
    }

    @Test("of one that is not there, only whoever has a policy for it is told so")
    func absent() async throws {
        let projects = ProjectsDriver()
        #expect(await projects.refusal(.delete, "records/none") == .permissionDenied)
        #expect(await projects.refusal(.update, "records/none/default") == .permissionDenied)
        #expect(await projects.refusal(.delete, "records/none", managing: ["none"]) == .notFound)
        #expect(await projects.refusal(.read, "records/none") == .notFound)
    }

    @Test("a registration that must be new takes over nothing but what a first secret brought about")
    func mustBeNew() async throws {
        let projects = ProjectsDriver()
        try await projects.send(.update, "records/news", ["must_be_new": true])
        #expect(await projects.refusal(.update, "records/news", ["must_be_new": true]) == .conflict)
        try await projects.send(.update, "records/shop", ["implicit": true])
        #expect(await projects.refusal(.update, "records/shop", ["must_be_new": true], as: "bob") == .permissionDenied)
        #expect(await projects.refusal(.update, "records/shop", ["must_be_new": true, "implicit": true]) == .conflict)
        #expect(await projects.refusal(.update, "records/shop", ["must_be_new": true]) == nil)
        #expect(await projects.refusal(.update, "records/shop", ["must_be_new": true]) == .conflict)
    }

    @Test("a check changes nothing")
    func checks() async throws {
        let projects = ProjectsDriver()
        try await projects.send(.update, "records/none", ["only_checks": true])
        #expect(try await projects.names() == [])
        try await projects.send(.update, "records/news")
        try await projects.send(.delete, "records/news", ["only_checks": true])
        #expect(await projects.refusal(.delete, "records/news", ["only_checks": true], as: "bob") == .permissionDenied)
        #expect(try await projects.names() == ["news"])
    }

    @Test("names and descriptions are bounded")
    func bounds() async throws {
        let projects = ProjectsDriver()
        #expect(await projects.refusal(.update, "records/" + String(repeating: "n", count: 256)) == .invalidRequest)
        #expect(await projects.refusal(.update, "records/" + String(repeating: "n", count: 255)) == nil)
        let text = JSON.string(String(repeating: "d", count: 4_097))
        #expect(await projects.refusal(.update, "records/news", ["description": text]) == .invalidRequest)
    }
}
