internal import ArgumentParser
internal import Syntax

struct PrintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "print", abstract: "Show what this CLI would send.",
        discussion: """
            Example:
              $ coffer print token
            """,
        subcommands: [PrintTokenCommand.self])
}

struct PrintTokenCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Show the token this CLI would send.",
        usage: "coffer print token [options]",
        discussion: """
            Example:
              $ coffer print token
            """)
    @OptionGroup(title: "Connection and output") var global: GlobalOptions

    func run(_ session: Session) async throws {
        guard let token = session.token else {
            throw CommandFailure.local("There is no token. Log in with `coffer login`, or set COFFER_TOKEN.")
        }
        guard !session.printer.isTable, session.format != .raw else { return session.console.output(token) }
        try session.printer.value(["token": .string(token)])
    }
}
