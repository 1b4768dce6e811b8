internal import ArgumentParser
internal import CofferClient
internal import Server

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The `coffer` command.
package enum Program {
    package static func main() async -> Never {
        let whole = ProcessArguments.all
        let arguments = Array(whole.dropFirst())
        if arguments.first == "server" { Allocator.keepMoreAtHand(arguments: whole) }
        exit(await run(arguments, system: .real()))
    }

    /// Runs one command line and answers its exit status: 0 for success, 1 for a local error, 2 for one of the server.
    package static func run(_ arguments: [String], system: System) async -> Int32 {
        let arguments = ArgumentRewriting.normalized(arguments)
        if let first = arguments.first, arguments.count == 1, ["--version", "-v", "version"].contains(first) {
            VersionCommand.write(to: system.console)
            return 0
        }
        do {
            try CommandTree.check(arguments)
            let command = try RootCommand.parseAsRoot(arguments)
            guard let command = command as? any CLICommand else {
                var other = command
                try other.run()
                return 0
            }
            try await command.run(in: system)
            return 0
        } catch {
            return report(error, to: system)
        }
    }

    private static func report(_ error: any Error, to system: System) -> Int32 {
        switch error {
        case let failure as CommandFailure:
            if !failure.message.isEmpty { system.console.error(failure.message) }
            return failure.status
        case let error as ClientError:
            let failure = CommandFailure(error, doing: nil, sentToken: true)
            system.console.error(failure.message)
            return failure.status
        default:
            let text = RootCommand.fullMessage(for: error)
            // Help that was asked for is the answer; a group without its command, or a bad line, is an error.
            if RootCommand.exitCode(for: error).isSuccess, !isMissingCommand(error) {
                system.console.output(text)
                return 0
            }
            system.console.error(text)
            return 1
        }
    }

    /// Only a group's own `run` ends so: help that was asked for comes as another kind of error.
    private static func isMissingCommand(_ error: any Error) -> Bool { error is CleanExit }
}
