package import CofferClient
internal import Glibc

/// The parts of the operating system that a command uses. Tests replace them.
package struct System: Sendable {
    /// The environment variables by name.
    package var environment: [String: String]
    /// The outputs of the command.
    package var console: Console
    /// The standard input, and files.
    package var input: Input
    /// Asks the user for a secret without showing it; nil if there is no terminal.
    package var askHidden: (@Sendable (_ prompt: String) -> HiddenAnswer)?
    /// The transport that carries requests, or nil for HTTP.
    package var transport: (any ClientTransport)?

    package init(
        environment: [String: String], console: Console, input: Input,
        askHidden: (@Sendable (_ prompt: String) -> HiddenAnswer)? = nil, transport: (any ClientTransport)? = nil
    ) {
        self.environment = environment
        self.console = console
        self.input = input
        self.askHidden = askHidden
        self.transport = transport
    }

    /// Returns the environment, the standard streams and the terminal of this process.
    static func real() -> System {
        let console = Console.standard()
        var system = System(environment: processEnvironment(), console: console, input: .standard())
        if isatty(STDIN_FILENO) == 1 { system.askHidden = { Terminal.readHidden(prompt: $0, console: console) } }
        return system
    }

    private static func processEnvironment() -> [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let line = entry.pointee {
            if let (name, value) = String(cString: line).cut(at: "=") { result[name] = value }
            entry += 1
        }
        return result
    }
}

/// The outcome of asking for a secret on the terminal.
package enum HiddenAnswer: Sendable {
    /// The line that was typed.
    case text(String)
    /// The user typed Control-C.
    case interrupted
}
