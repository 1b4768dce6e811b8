internal import ArgumentParser

extension CommandConfiguration {
    /// Returns the description of a command.
    ///
    /// - Parameters:
    ///   - usage: The usage line, such as `coffer kv get [options] <path>`. The word before `[options]` is the command's name.
    ///   - abstract: What the command does, beginning with a verb.
    ///   - notes: What else a user needs to know, shown before the examples.
    ///   - examples: Command lines, each with a comment behind it if it needs one.
    static func command(_ usage: String, _ abstract: String, notes: String? = nil, examples: String...) -> CommandConfiguration {
        let name = usage.parts(at: " ").prefix { $0 != "[options]" }.last
        return CommandConfiguration(
            commandName: name, abstract: abstract, usage: usage, discussion: discussion(notes, examples))
    }

    /// Returns the description of a command that only groups others.
    static func group(
        _ name: String, _ abstract: String, examples: String..., subcommands: [any ParsableCommand.Type]
    ) -> CommandConfiguration {
        CommandConfiguration(
            commandName: name, abstract: abstract, discussion: discussion(nil, examples), subcommands: subcommands)
    }

    private static func discussion(_ notes: String?, _ examples: [String]) -> String {
        let heading = examples.count == 1 ? "Example:" : "Examples:"
        let list = examples.isEmpty ? nil : ([heading] + examples.map { "  $ " + $0 }).joined(separator: "\n")
        return [notes, list].compactMap { $0 }.joined(separator: "\n\n")
    }
}
