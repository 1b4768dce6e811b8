import EngineKit
import Records

/// The projects' records. One record names the default, so there is never a second one; every change that could leave
/// it naming nothing is one batch with the project.
struct ProjectStore: Sendable {
    let storage: any Storage

    static let projectsMax = 5_000
    private static let prefix = "project/"
    private static let defaultKey = "default"
    private let lines = WriterQueues()

    init(storage: any Storage) { self.storage = storage }

    struct Found {
        var project: ProjectRecord
        var version: UInt64
    }

    func find(_ name: String) async throws(StorageError) -> Found? {
        let key = Self.prefix + name
        guard let record = try await storage.get(key) else { return nil }
        guard let project = ProjectRecord(encoded: record.value) else { throw .corrupted(key: key) }
        return Found(project: project, version: record.version)
    }

    func defaultName() async throws(StorageError) -> String? { try await readDefault()?.name }

    /// All of them, by name.
    func all() async throws(StorageError) -> [ProjectRecord] {
        var projects: [ProjectRecord] = []
        for name in try await storage.list(Listing(prefix: Self.prefix, limit: Self.projectsMax)) {
            if let found = try await find(name) { projects.append(found.project) }
        }
        return projects
    }

    /// Whether it was made; false when there is one of that name. There is no default until somebody chooses one: a client that
    /// asks for it before its own setting would read from whatever came first.
    func add(_ project: ProjectRecord) async throws -> Bool {
        try await inTurn { batch in
            if try await find(project.name) != nil { return false }
            guard try await storage.list(Listing(prefix: Self.prefix, limit: Self.projectsMax)).count < Self.projectsMax else {
                throw CofferError(.tooLarge, "there are \(Self.projectsMax) projects already")
            }
            batch.put(Self.prefix + project.name, project.encoded(), if: .absent)
            return true
        }
    }

    /// nil when it is not there.
    func change(_ name: String, _ body: (inout ProjectRecord) -> Void) async throws -> ProjectRecord? {
        try await inTurn { batch in
            guard var found = try await find(name) else { return nil }
            body(&found.project)
            batch.put(Self.prefix + name, found.project.encoded(), if: .version(found.version))
            return found.project
        }
    }

    /// nil when it is not there.
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

    /// When the default goes, the oldest project that is left takes its place.
    func remove(_ name: String) async throws {
        try await inTurn { batch in
            guard let found = try await find(name) else { return }
            batch.delete(Self.prefix + name, if: .version(found.version))
            if let current = try await readDefault() {
                if current.name == name {
                    try await replaceDefault(current.version, without: name, in: &batch)
                } else {
                    // It must not become the default while it goes.
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

    /// Changes of projects take turns: most of them read the default too.
    private func inTurn<Result>(_ decide: (inout Batch) async throws -> Result) async throws -> Result {
        try await lines.inTurn(Self.prefix) { try await storage.transact(decide) }
    }
}
