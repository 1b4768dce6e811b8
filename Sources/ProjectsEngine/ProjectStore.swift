import EngineKit
import Records

/// The stored projects. A single record names the default project, so that there is never more than one. A change that
/// could leave the name of a project that does not exist is committed in one batch with that project.
struct ProjectStore: Sendable {
    let storage: any Storage

    /// The number of projects in a mount.
    static let projectsMax = 5_000
    private static let prefix = "project/"
    private static let defaultKey = "default"
    private let queues = WriterQueues()

    /// A project and the version of its record.
    struct Found {
        var project: ProjectRecord
        var version: UInt64
    }

    /// Returns the project of this name, or nil if there is none.
    func find(_ name: String) async throws(StorageError) -> Found? {
        let key = Self.prefix + name
        guard let record = try await storage.get(key) else { return nil }
        guard let project = ProjectRecord(encoded: record.value) else { throw .corrupted(key: key) }
        return Found(project: project, version: record.version)
    }

    /// Returns the name of the default project, or nil if there is no default.
    func defaultName() async throws(StorageError) -> String? { try await readDefault()?.name }

    /// Returns all projects, sorted by name.
    func all() async throws(StorageError) -> [ProjectRecord] {
        var projects: [ProjectRecord] = []
        for name in try await storage.list(Listing(prefix: Self.prefix, limit: Self.projectsMax)) {
            if let found = try await find(name) { projects.append(found.project) }
        }
        return projects
    }

    /// Adds a project. Returns false if there is already one of that name.
    ///
    /// A first project does not become the default by being added: a client that asks for the default before its own setting
    /// takes effect would otherwise read from whichever project came first.
    func add(_ project: ProjectRecord) async throws -> Bool {
        try await inTurn { batch in
            if try await find(project.name) != nil { return false }
            guard try await storage.list(Listing(prefix: Self.prefix, limit: Self.projectsMax)).count < Self.projectsMax else {
                throw CofferError(.tooLarge, "there are already \(Self.projectsMax) projects, which is the most; delete one first")
            }
            batch.put(Self.prefix + project.name, project.encoded(), if: .absent)
            return true
        }
    }

    /// Changes a project and returns it, or returns nil if there is none of that name.
    func change(_ name: String, _ body: (inout ProjectRecord) -> Void) async throws -> ProjectRecord? {
        try await inTurn { batch in
            guard var found = try await find(name) else { return nil }
            body(&found.project)
            batch.put(Self.prefix + name, found.project.encoded(), if: .version(found.version))
            return found.project
        }
    }

    /// Makes a project the default and returns it, or returns nil if there is none of that name.
    func setDefault(_ name: String) async throws -> ProjectRecord? {
        try await inTurn { batch in
            guard let found = try await find(name) else { return nil }
            let current = try await readDefault()
            if current?.name == name { return found.project }
            batch.check(Self.prefix + name, .version(found.version))
            batch.put(Self.defaultKey, Array(name.utf8), if: current.map { .version($0.version) } ?? .absent)
            return found.project
        }
    }

    /// Deletes a project. If it was the default, the oldest remaining project becomes the default.
    func remove(_ name: String) async throws {
        try await inTurn { batch in
            guard let found = try await find(name) else { return }
            batch.delete(Self.prefix + name, if: .version(found.version))
            if let current = try await readDefault() {
                if current.name == name {
                    try await replaceDefault(current.version, without: name, in: &batch)
                } else {
                    // Fails if the project becomes the default while it is being deleted.
                    batch.check(Self.defaultKey, .version(current.version))
                }
            }
        }
    }

    private func replaceDefault(_ version: UInt64, without name: String, in batch: inout Batch) async throws(StorageError) {
        let next = try await all().filter { $0.name != name }.min { ($0.createdAt, $0.name) < ($1.createdAt, $1.name) }
        guard let next, let found = try await find(next.name) else {
            batch.delete(Self.defaultKey, if: .version(version))
            return
        }
        batch.check(Self.prefix + next.name, .version(found.version))
        batch.put(Self.defaultKey, Array(next.name.utf8), if: .version(version))
    }

    private func readDefault() async throws(StorageError) -> (name: String, version: UInt64)? {
        guard let record = try await storage.get(Self.defaultKey) else { return nil }
        guard let name = String(validating: record.value, as: UTF8.self) else { throw .corrupted(key: Self.defaultKey) }
        return (name, record.version)
    }

    /// Runs a change after the earlier ones on this node, because most changes also read the default.
    private func inTurn<Result>(_ decide: (inout Batch) async throws -> Result) async throws -> Result {
        try await queues.inTurn(Self.prefix) { try await storage.transact(decide) }
    }
}
