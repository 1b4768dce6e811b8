internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer path-help`.
struct PathHelpCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer path-help [options] <path>", "Show the documentation of a path and its parameters.",
        examples: "coffer path-help secret/", "coffer path-help auth/token/create")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The path, such as secret/ or auth/token/create.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let path = try ArgumentText.requiredPath(arguments[0])
        let answer = try await session.call("Error retrieving help") { try await $0.pathHelp(path) }
        guard let text = answer["help"]?.stringValue, !text.isEmpty else {
            throw CommandFailure.server("No help found for \(path)")
        }
        if session.printer.isTable { session.console.output(text) } else { try session.printer.value(.object(answer)) }
    }
}
