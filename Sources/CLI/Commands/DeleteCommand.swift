internal import ArgumentParser
internal import CofferClient
internal import Syntax

struct DeleteCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes what stands at a path of the API.",
        discussion: "For secrets of a KV mount, `coffer kv delete` knows about versions.")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: ArgumentHelp("The path, then key=value for the query.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(atLeast: 1)
        let path = try ArgumentText.requiredPath(arguments[0])
        let query = try QueryArguments.parse(arguments.dropFirst(), input: session.system.input)
        let response = try await session.call("Error deleting \(path)") { try await $0.request(.delete, path, query: query) }
        if session.printer.isTable { session.console.output("Success! Data deleted (if it existed) at: \(path)") }
        if let secret = response.secret { try session.printer.secret(secret) }
    }
}
