internal import ArgumentParser
internal import Syntax

/// The command `coffer print`, which groups commands.
struct PrintCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "print", "Show what commands send to the server.", examples: "coffer print token", subcommands: [PrintTokenCommand.self])
}

/// The command `coffer print token`.
struct PrintTokenCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer print token [options]", "Show the token that commands send.", examples: "coffer print token")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions

    func run(_ session: Session) async throws {
        guard let token = session.token else {
            throw CommandFailure.local("There is no token. Log in with `coffer login`, or set COFFER_TOKEN.")
        }
        guard !session.printer.isTable, session.format != .raw else { return session.console.output(token) }
        try session.printer.value(["token": .string(token)])
    }
}
