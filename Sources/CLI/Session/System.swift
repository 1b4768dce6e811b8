package import CofferClient

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// What a command sees of the machine it runs on.
package struct System: Sendable {
    package var environment: [String: String]
    package var console: Console
    package var input: Input
    /// Asks a person for a secret without showing it; nil where there is no terminal.
    package var askHidden: (@Sendable (_ prompt: String) -> HiddenAnswer)?
    /// Carries the requests in place of the network.
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

/// What came of asking.
package enum HiddenAnswer: Sendable {
    case text(String)
    /// Control-C.
    case interrupted
}
