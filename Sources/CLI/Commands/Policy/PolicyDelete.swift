internal import ArgumentParser
internal import CofferClient

/// The command `coffer policy delete`.
struct PolicyDelete: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer policy delete [options] <name>", "Delete a policy.", examples: "coffer policy delete app")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The policy's name.", valueName: "name")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let name = try PolicyCommand.name(arguments[0])
        try await session.call("Error deleting \(name)") { try await $0.sys.deletePolicy(name) }
        try session.printer.success("Success! Deleted policy: \(name)")
    }
}
