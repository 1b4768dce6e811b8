internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer service env`.
struct ServiceEnv: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer service env [options] -project=<name> -env=<name> [-- <command> ...]",
        "Run a command with a project's secrets as variables, or print them.",
        notes: """
            The name of a variable is derived from the path of its secret: db/password becomes db_password. Names that \
            control other programs, such as PATH, are refused unless -allow-name accepts them.
            """,
        examples: "coffer service env -project=newsbot -env=prod -- ./newsbot serve",
        #"eval "$(coffer service env -project=newsbot -env=prod -as=shell)""#)
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var place: ServicePlace
    @Option(
        name: .customLong("as"),
        help: .init("The form to print: dotenv, shell, json or yaml. (default: dotenv)", valueName: "form"))
    var form: String?
    @Flag(help: "Write the names in upper case.") var upper = false
    @Option(help: .init("Accept a name that controls other programs, such as PATH; may be repeated.", valueName: "name"))
    var allowName: [String] = []
    @Argument(parsing: .postTerminator, help: .init("The command to run, and its arguments.", valueName: "command"))
    var command: [String] = []

    func run(_ session: Session) async throws {
        let form = (form.unlessEmpty ?? global.format.unlessEmpty ?? "dotenv").lowercased()
        guard Self.forms.contains(form) else { throw CommandFailure.local("-as must be dotenv, shell, json or yaml") }
        guard !session.wrapsAnswers else {
            throw CommandFailure.local(
                "The command prints secrets or passes them to a program, which -wrap-ttl (or COFFER_WRAP_TTL, VAULT_WRAP_TTL) is meant to prevent. "
                    + "To continue anyway, give an empty one: -wrap-ttl=")
        }
        let secrets = try await place.secrets(session)
        guard !secrets.isEmpty else { throw try await place.failureOfNone(session) }
        let variables = try ServiceVariables(secrets, upper: upper)
        // JSON and YAML are data, not variables, so their names are not checked.
        if !command.isEmpty || ["dotenv", "table", "shell", "export"].contains(form) {
            try variables.refuseSteering(allowed: allowName, inShell: command.isEmpty)
        }
        guard command.isEmpty else { throw Self.execute(command, with: variables) }
        switch form {
        case "dotenv", "table":
            if let warning = variables.dotenvWarning { session.console.error(warning) }
            session.console.outputExactly(variables.dotenv)
        case "shell", "export": session.console.outputExactly(variables.shell)
        default: try Printer(format: try OutputFormat(named: form), console: session.console).value(variables.json)
        }
    }

    private static let forms = ["dotenv", "table", "shell", "export", "json", "yaml"]

    /// Replaces this process by the command. Returns only if that fails.
    private static func execute(_ command: [String], with variables: ServiceVariables) -> CommandFailure {
        // The command gets the secrets, but not the token, which can read other secrets too.
        let reason = ProcessReplacement.replace(
            with: command, removing: ["VAULT_TOKEN", "COFFER_TOKEN"], adding: variables.all)
        return CommandFailure(status: 127, message: "Cannot run \(command[0]): \(reason)")
    }
}
