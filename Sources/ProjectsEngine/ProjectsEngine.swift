package import EngineKit
import Syntax

/// The engine that keeps the projects of the Service API. Their secrets are in a KV mount.
///
/// Policies grant its paths, `records/<project>`, and also `manage/<project>`, which is not the path of any request: a caller
/// who may update it may change projects that others created.
package struct ProjectsEngine: SecretsEngine {
    /// The type of the engine.
    package static let description = EngineDescription(
        type: "projects", summary: "Projects of the Service API: names and descriptions, one of them the default."
    ) { context in ProjectsEngine(context) }

    private let store: ProjectStore
    private let time: any TimeSource
    private let randomness: any Randomness

    /// Creates the engine of one mount.
    package init(_ context: MountContext) {
        store = ProjectStore(storage: context.storage)
        time = context.time
        randomness = context.randomness
    }

    /// The paths of the engine.
    package var paths: [EnginePath] {
        [
            EnginePath(
                "caller", "Show who the caller is.",
                fields: [
                    Field(
                        "provider", .string,
                        "The provider of the credential that the caller is about to check, for the audit log.")
                ]
            )
            .reading("Read the caller's name.") { .data(["name": .string($0.caller?.displayName ?? "")]) },
            EnginePath("records", "List the projects.").listing("List all projects with their properties.", list),
            EnginePath(
                "records/{name}", "Manage a project.",
                fields: [
                    Field("description", .string, "A description of the project."),
                    Field("must_be_new", .bool, "Fail if there is already a project of this name."),
                    Field(
                        "implicit", .bool,
                        "Create the project without registering it, so that it can still be registered under this name."),
                    Field("only_checks", .bool, "Change nothing, and only check whether the change would be allowed."),
                ]
            )
            .reading("Read a project.", read)
            .updating("Register a project, or change its description.", write)
            .deleting("Delete a project but not its secrets.", remove),
            EnginePath("records/{name}/default", "Choose the default project.")
                .updating("Make this project the default.", setDefault),
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

    /// The largest size of a description: enough for 500 characters of any script.
    private static let descriptionBytesMax = 4_096

    private func write(_ request: Request) async throws -> Response {
        let name = request.captures["name"]
        guard Self.isName(name) else {
            throw CofferError.invalid("field 'name' must be 1 to 255 characters without control characters, '/' or '\\'")
        }
        if request.fields.flag("only_checks") { return .empty }
        let description = request.fields.string("description")
        guard (description ?? "").utf8.count <= Self.descriptionBytesMax else {
            throw CofferError.invalid("field 'description' must be at most \(Self.descriptionBytesMax) bytes long")
        }
        let project = ProjectRecord(
            id: randomness.uuid(), name: name, description: description ?? "", createdAt: time.now(),
            createdBy: request.caller?.displayName ?? "", owner: request.caller?.tokenID ?? "",
            isImplicit: request.fields.flag("implicit"))
        if try await store.add(project) { return try await answer(project) }
        if request.fields.flag("must_be_new") {
            // A project that was created by its first secret may be registered.
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

    private func remove(_ request: Request) async throws {
        let name = request.captures["name"]
        try await checkMayChange(name, request)
        if !request.fields.flag("only_checks") { try await store.remove(name) }
    }

    /// Throws unless the caller created the project or a policy lets it manage the project.
    private func checkMayChange(_ name: String, _ request: Request) async throws {
        if request.mayAlso(.update, "manage/" + name) {
            guard try await store.find(name) != nil else { throw CofferError.notFound }
            return
        }
        guard let found = try await store.find(name), !found.project.owner.isEmpty,
            found.project.owner == request.caller?.tokenID
        else { throw CofferError.denied }
    }

    /// Whether the text is a project name: 1 to 255 characters of any script, in one segment of a path. The rules of canonical
    /// paths, such as those about control characters, were checked when the request's path was read.
    static func isName(_ text: String) -> Bool {
        (1...255).contains(text.unicodeScalars.count) && !text.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
    }
}
