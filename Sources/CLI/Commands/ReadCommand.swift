internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer read`.
struct ReadCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer read [options] <path> [<key=value> ...]", "Read data from a path.",
        notes: "Use `coffer kv get` for secrets of a KV mount: it supports versions.",
        examples: "coffer read sys/mounts/secret/tune", "coffer read -field=role_id auth/approle/role/app/role-id")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: "Print only this field.") var field: String?
    @Argument(help: .init("The path, then the query as key=value.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(atLeast: 1)
        let path = try ArgumentText.requiredPath(arguments[0])
        let query = try QueryArguments.parse(arguments.dropFirst(), input: session.system.input)
        let response = try await session.call("Error reading \(path)") { client in
            let response = try await client.send(.get, path, query: query)
            // A 404 without an error text means that nothing exists at the path.
            return response.status == 404 && response.errors.isEmpty ? response : try response.checked()
        }
        try Answer(response).write(to: session, path: path, field: field)
        guard response.status == 404 else { return }
        if session.printer.isTable, field.unlessEmpty == nil, Self.isKeyValuePath(response.secret?.warnings ?? []) {
            session.console.error("Use `coffer kv get \(path)` to read a secret of a KV mount.")
        }
        throw CommandFailure.quiet(2)
    }

    /// Returns whether the server warns that the path of a KV version 2 mount lacks `data/`.
    private static func isKeyValuePath(_ warnings: [String]) -> Bool {
        warnings.contains { $0.utf8.starts(with: "Invalid path for a versioned K/V".utf8) }
    }
}
