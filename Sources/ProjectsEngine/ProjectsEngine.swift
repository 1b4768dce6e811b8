package import EngineKit
import Syntax

/// `projects`: the projects that services keep their secrets in. The secrets themselves lie in a KV mount.
package let projectsDescription = EngineDescription(
    type: "projects", summary: "Projects of the Service API: names and descriptions, one of them the default."
) { context in ProjectsEngine(context) }

/// Its policies' paths: `records/<project>`, and `manage/<project>`, which no request has: whoever may update that may
/// change a project that somebody else made.
package struct ProjectsEngine: SecretsEngine {
    private let store: ProjectStore
    private let time: any TimeSource
    private let randomness: any Randomness

    package init(_ context: MountContext) {
        store = ProjectStore(storage: context.storage)
        time = context.time
        randomness = context.randomness
    }

    package var paths: [EnginePath] {
        [
            EnginePath(
                "caller", "Who the caller is.",
                fields: [Field("provider", .string, "Whose credential the caller is about to check; for the audit.")],
                endpoints: [
                    .read: .init("The caller's name.", changesNothing: true) { request in
                        .data(["name": .string(request.caller?.displayName ?? "")])
                    }
                ]),
            EnginePath(
                "records", "The projects.",
                endpoints: [.list: .init("All projects with what is known about them.", changesNothing: true, list)]),
            EnginePath(
                "records/{name}", "One project.",
                fields: [
                    Field("description", .string, "What the project is about."),
                    Field("must_be_new", .bool, "Refuse when there is a project of this name."),
                    Field("implicit", .bool, "Nobody registered it; whoever may change it still can, under the same name."),
                    Field("only_checks", .bool, "Change nothing: only tell whether this would be allowed."),
                ],
                endpoints: [
                    .read: .init("Read a project.", changesNothing: true, read),
                    .update: .init("Register a project, or change its description.", write),
                    .delete: .init("Forget a project. Its secrets are not touched.", remove),
                ]),
            EnginePath(
                "records/{name}/default", "Which project is the default.",
                endpoints: [.update: .init("Make this project the default.", setDefault)]),
        ]
    }

    // MARK: Reading

    private func list(_ request: Request) async throws -> Response {
        let name = try await store.defaultName()
        let projects = try await store.all()
        return .data(["projects": .array(projects.map { .object($0.shown(isDefault: $0.name == name)) })])
    }

    private func read(_ request: Request) async throws -> Response {
        guard let found = try await store.find(request.captures["name"]) else { throw CofferError.notFound }
        return try await answer(found.project)
    }

    private func answer(_ project: ProjectRecord) async throws -> Response {
        .data(project.shown(isDefault: try await store.defaultName() == project.name))
    }

    // MARK: Changing

    /// Five hundred characters, whatever they are.
    private static let descriptionBytesMax = 4_096

    private func write(_ request: Request) async throws -> Response {
        let name = request.captures["name"]
        guard Self.isName(name) else {
            throw CofferError.invalid("field 'name' must be 1 to 255 characters without control characters, '/' and '\\'")
        }
        if request.fields.bool("only_checks") == true { return .empty }
        let description = request.fields.string("description")
        guard (description ?? "").utf8.count <= Self.descriptionBytesMax else {
            throw CofferError.invalid("field 'description' must be at most \(Self.descriptionBytesMax) bytes long")
        }
        var project = ProjectRecord(
            id: randomness.uuid(), name: name, description: description ?? "", createdAt: time.now(),
            createdBy: request.caller?.displayName ?? "", owner: request.caller?.tokenID ?? "")
        project.isImplicit = request.fields.bool("implicit") ?? false
        if try await store.add(project) { return try await answer(project) }
        if request.fields.bool("must_be_new") == true {
            // One that a first secret brought about is registered now.
            let isImplicit = try await store.find(name)?.project.isImplicit ?? false
            guard isImplicit, !project.isImplicit else { throw CofferError(.conflict, "Project '\(name)' already exists") }
        }
        try await checkMayChange(name, request)
        let changed = try await store.change(name) { project in
            if let description { project.description = description }
            project.isImplicit = false
        }
        guard let changed else { throw CofferError.notFound }
        return try await answer(changed)
    }

    private func setDefault(_ request: Request) async throws -> Response {
        let name = request.captures["name"]
        try await checkMayChange(name, request)
        guard let project = try await store.setDefault(name) else { throw CofferError.notFound }
        return try await answer(project)
    }

    private func remove(_ request: Request) async throws -> Response {
        let name = request.captures["name"]
        try await checkMayChange(name, request)
        if request.fields.bool("only_checks") == true { return .empty }
        try await store.remove(name)
        return .empty
    }

    /// Whoever made a project may change it, and whoever has a policy for it.
    private func checkMayChange(_ name: String, _ request: Request) async throws {
        if request.mayAlso(.update, "manage/" + name) {
            guard try await store.find(name) != nil else { throw CofferError.notFound }
            return
        }
        guard let found = try await store.find(name), !found.project.owner.isEmpty,
            found.project.owner == request.caller?.tokenID
        else { throw CofferError.denied }
    }

    /// One segment of a path, in any script; the path's own rules hold for it already.
    static func isName(_ text: String) -> Bool {
        (1...255).contains(text.unicodeScalars.count) && !text.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
    }
}
