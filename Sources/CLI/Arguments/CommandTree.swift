internal import ArgumentParser

/// The names of the commands.
enum CommandTree {
    /// Refuses a name that no command has. The parser would do it too, but repeats the arguments after it, which may be secrets.
    static func check(_ arguments: [String]) throws(CommandFailure) {
        var command: any ParsableCommand.Type = RootCommand.self
        var path = "coffer"
        for argument in arguments {
            let children = children(of: command)
            if children.isEmpty || argument.hasPrefix("-") || argument == "help" { return }
            guard let next = children.first(where: { $0.configuration.commandName == argument }) else {
                throw .local("Unknown command: \(path) \(argument)\n\nSee `\(path) -help` for the commands there are.")
            }
            command = next
            path += " " + argument
        }
    }

    static func children(of command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
        command.configuration.subcommands + command.configuration.groupedSubcommands.flatMap(\.subcommands)
    }
}
