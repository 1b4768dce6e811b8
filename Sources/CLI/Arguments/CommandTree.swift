internal import ArgumentParser

/// The commands and their names.
enum CommandTree {
    /// Checks that the command exists.
    ///
    /// The parser would refuse an unknown command too, but its message repeats the arguments, which may be secrets.
    ///
    /// - Throws: A failure that names the unknown command and a command with a similar name.
    static func check(_ arguments: [String]) throws(CommandFailure) {
        var command: any ParsableCommand.Type = RootCommand.self
        var path = "coffer"
        for argument in arguments {
            let children = children(of: command)
            if children.isEmpty || argument.utf8.first == UInt8(ascii: "-") { return }
            if argument == "help" {
                // The command follows: `coffer help kv get`.
                guard path == "coffer" else { return }
                continue
            }
            guard let next = child(argument, of: command) else {
                let names = children.compactMap { $0.configuration.commandName }
                let near = Spelling.nearest(to: argument, among: names).map { "Did you mean `\(path) \($0)`?\n" } ?? ""
                throw .local("Unknown command: \(path) \(argument)\n\n\(near)See `\(path) -help` for a list of commands.")
            }
            command = next
            path += " " + argument
        }
    }

    /// Returns the number of words at the beginning that are names of commands.
    static func depth(of words: [String]) -> Int {
        var command: any ParsableCommand.Type = RootCommand.self
        for (index, word) in words.enumerated() {
            if word == "help", index == 0 { return 1 }
            guard let next = child(word, of: command) else { return index }
            command = next
        }
        return words.count
    }

    private static func child(_ name: String, of command: any ParsableCommand.Type) -> (any ParsableCommand.Type)? {
        children(of: command).first { $0.configuration.commandName == name }
    }

    /// Returns the subcommands of a command.
    static func children(of command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
        command.configuration.subcommands + command.configuration.groupedSubcommands.flatMap(\.subcommands)
    }
}
