internal import ArgumentParser
internal import CofferClient
internal import Syntax

struct ReadCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "read", abstract: "Read data from a path.",
        usage: "coffer read [options] <path> [<key=value> ...]",
        discussion: """
            For secrets of a KV mount use `coffer kv get`, which knows about versions.

            Examples:
              $ coffer read sys/mounts/secret/tune
              $ coffer read -field=role_id auth/approle/role/app/role-id
            """)
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: "Print this field alone.") var field: String?
    @Argument(help: ArgumentHelp("The path, then key=value for the query.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(atLeast: 1)
        let path = try ArgumentText.requiredPath(arguments[0])
        let query = try QueryArguments.parse(arguments.dropFirst(), input: session.system.input)
        let response = try await session.call("Error reading \(path)") { client in
            let response = try await client.send(.get, path, query: query)
            // A 404 without a reason is an absence, not an error.
            return response.status == 404 && response.errors.isEmpty ? response : try response.checked()
        }
        try Answer(response).write(to: session, path: path, field: field)
        guard response.status == 404 else { return }
        if session.printer.isTable, field.unlessEmpty == nil, Self.isKeyValuePath(response.secret?.warnings ?? []) {
            session.console.error("Secrets of a KV mount are read with `coffer kv get \(path)`.")
        }
        throw CommandFailure.quiet(2)
    }

    /// What a KV version 2 mount says of a path without `data/`.
    private static func isKeyValuePath(_ warnings: [String]) -> Bool {
        warnings.contains { $0.utf8.starts(with: "Invalid path for a versioned K/V".utf8) }
    }
}
