internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer policy read`.
struct PolicyRead: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer policy read [options] <name>", "Print a policy.", examples: "coffer policy read app")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The policy's name.", valueName: "name")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let name = try PolicyCommand.name(arguments[0])
        let text = try await session.call("Error reading policy named \(name)") { try await $0.sys.policy(name) }
        guard let text, !text.isEmpty else { throw CommandFailure.server("No policy named: \(name)") }
        if session.printer.isTable {
            session.console.output(ArgumentText.trimmed(text))
        } else {
            try session.printer.value(["policy": .string(text)])
        }
    }
}
