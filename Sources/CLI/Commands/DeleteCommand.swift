internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer delete`.
struct DeleteCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer delete [options] <path> [<key=value> ...]", "Delete the data at a path.",
        notes: "Use `coffer kv delete` for secrets of a KV mount: it supports versions.",
        examples: "coffer delete auth/userpass/users/ann")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The path, then the query as key=value.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(atLeast: 1)
        let path = try ArgumentText.requiredPath(arguments[0])
        let query = try QueryArguments.parse(arguments.dropFirst(), input: session.system.input)
        let response = try await session.call("Error deleting \(path)") { try await $0.request(.delete, path, query: query) }
        let secret = response.secret
        if secret == nil || session.printer.isTable {
            try session.printer.success("Success! Data deleted (if it existed) at: \(path)")
        }
        if let secret { try session.printer.secret(secret) }
    }
}
