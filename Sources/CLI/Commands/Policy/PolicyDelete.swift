internal import ArgumentParser
internal import CofferClient

/// The command `coffer policy delete`.
struct PolicyDelete: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a policy.",
        usage: "coffer policy delete [options] <name>",
        discussion: """
            Example:
              $ coffer policy delete app
            """)
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: ArgumentHelp("The policy's name.", valueName: "name")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let name = try PolicyCommand.name(arguments[0])
        try await session.call("Error deleting \(name)") { try await $0.sys.deletePolicy(name) }
        try session.printer.success("Success! Deleted policy: \(name)")
    }
}
