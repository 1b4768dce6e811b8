internal import ArgumentParser
internal import CofferClient
internal import Syntax

struct AuthHelp: SessionCommand {
    static let configuration = CommandConfiguration(commandName: "help", abstract: "Explains a mounted auth method.")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: ArgumentHelp("The mount, such as userpass/.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let path = try ArgumentText.requiredPath(arguments[0])
        let text = try await session.call("Error retrieving help") { try await $0.help("auth/\(path)") }
        guard !text.isEmpty else { throw CommandFailure.server("No help found for auth/\(path)/") }
        if session.printer.isTable { session.console.output(text) } else { try session.printer.value(["help": .string(text)]) }
    }
}
