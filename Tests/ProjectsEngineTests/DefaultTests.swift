import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("The default project")
struct DefaultTests {
    @Test("is chosen, is one, and passes to the oldest that is left")
    func passesOn() async throws {
        let projects = ProjectsDriver()
        for name in ["c", "b", "a"] {
            try await projects.send(.update, "records/" + name)
            projects.time.advance(seconds: 1)
        }
        #expect(try await projects.names() == ["a", "b", "c"])
        try await projects.send(.update, "records/a/default")
        try await projects.send(.update, "records/b/default")
        #expect(try await projects.names() == ["a", "b*", "c"])
        try await projects.send(.delete, "records/a")
        #expect(try await projects.names() == ["b*", "c"])
        try await projects.send(.delete, "records/b")
        #expect(try await projects.names() == ["c*"])
        try await projects.send(.delete, "records/c")
        #expect(try await projects.names() == [])
        // Nothing is left of it for the next one.
        try await projects.send(.update, "records/d")
        #expect(try await projects.names() == ["d"])
    }

    @Test("never names a project that is deleted at the same moment")
    func racesWithDeletion() async throws {
        let storage = InterposedStorage(StampingStorage(MemoryStorage()))
        let (projects, elsewhere) = (ProjectsDriver(storage: storage), ProjectsDriver(storage: storage, seed: 9))
        try await projects.send(.update, "records/news")
        storage.before(nil) { _ = try? await elsewhere.send(.delete, "records/news") }
        #expect(await projects.refusal(.update, "records/news/default") == .notFound)
        try await projects.send(.update, "records/news", as: "bob")
        #expect(try await projects.names() == ["news"])
    }

    @Test("of two that make a project at the same moment one owns it")
    func racesWithCreation() async throws {
        let storage = InterposedStorage(StampingStorage(MemoryStorage()))
        let (projects, elsewhere) = (ProjectsDriver(storage: storage), ProjectsDriver(storage: storage, seed: 9))
        storage.before(nil) { _ = try? await elsewhere.send(.update, "records/news", ["description": "bob's"], as: "bob") }
        #expect(await projects.refusal(.update, "records/news", ["description": "alice's"]) == .permissionDenied)
        #expect(try await projects.send(.read, "records/news")["description"] == "bob's")
        #expect(await projects.refusal(.delete, "records/news") == .permissionDenied)
        #expect(await projects.refusal(.delete, "records/news", as: "bob") == nil)
    }
}
