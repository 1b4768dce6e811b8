/// A key share from the command line, the standard input or the terminal.
enum KeyShare {
    /// Returns the share in the only argument, or asks for it on the terminal.
    static func read(_ arguments: [String], name: String, session: Session) throws(CommandFailure) -> String {
        try arguments.expect(0...1)
        guard let argument = arguments.first else {
            return try session.askHidden(name, instead: "give it as an argument, or on the standard input with `-`")
        }
        let text = ArgumentText.trimmed(argument == "-" ? try session.system.input.text(of: "-") : argument)
        guard !text.isEmpty else { throw .local("The key share is empty") }
        return text
    }
}
