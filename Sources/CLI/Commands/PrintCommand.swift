internal import ArgumentParser

struct PrintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "print", abstract: "Prints what the commands would use.", subcommands: [PrintTokenCommand.self])
}

struct PrintTokenCommand: SessionCommand {
    static let configuration = CommandConfiguration(commandName: "token", abstract: "Prints the token that commands send.")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions

    func run(_ session: Session) async throws {
        guard let token = session.token else {
            throw CommandFailure.local("There is no token. Log in with `coffer login`, or set COFFER_TOKEN.")
        }
        session.console.output(token)
    }
}
