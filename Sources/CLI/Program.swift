internal import ArgumentParser
internal import CofferClient
internal import Glibc
internal import Server
internal import Syntax

/// The `coffer` command.
package enum Program {
    /// Runs the command line of this process and exits.
    package static func main() async -> Never {
        let whole = ProcessArguments.all
        let arguments = Array(whole.texts.dropFirst())
        if let place = whole.malformed { exit(refuse(arguments, malformed: place, system: .real())) }
        if arguments.first == "server" { Allocator.restartWithTunedAllocator(arguments: whole.texts) }
        exit(await run(arguments, system: .real()))
    }

    /// Runs a command line and returns its exit status: 0 for success, 1 for a local error, 2 for an error of the server.
    package static func run(_ arguments: [String], system: System) async -> Int32 {
        let status = await execute(ArgumentRewriting.normalized(arguments), system)
        // A script must not mistake a part of the output for all of it, for example when the disk is full.
        guard let problem = system.console.outputProblem() else { return status }
        system.console.error("Error writing the output: \(problem)")
        return max(status, 1)
    }

    /// Refuses a command line whose argument at `place`, counted from the program's own name, is not UTF-8.
    package static func refuse(_ arguments: [String], malformed place: Int, system: System) -> Int32 {
        let failure = CommandFailure.local(
            "Argument \(place) is not UTF-8, and paths and values are UTF-8 text. Encode other bytes, such as with base64")
        let format = OutputFormat.asked(by: ArgumentRewriting.normalized(arguments), system.environment)
        return report(failure, to: system, as: format)
    }

    private static func execute(_ arguments: [String], _ system: System) async -> Int32 {
        if let first = arguments.first, arguments.count == 1, ["--version", "-v"].contains(first) {
            system.console.output(VersionCommand.line)
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
            do {
                try await command.run(in: system)
            } catch var failure as CommandFailure {
                failure.explain(usageOf: type(of: command))
                throw failure
            }
            return 0
        } catch {
            return report(error, to: system, as: OutputFormat.asked(by: arguments, system.environment))
        }
    }

    private static func report(_ error: any Error, to system: System, as format: OutputFormat) -> Int32 {
        switch error {
        case let failure as CommandFailure: return report(failure, to: system, as: format)
        case let error as ClientError:
            return report(CommandFailure(error, doing: nil, sentToken: true), to: system, as: format)
        default:
            // Requested help is the output. A group without a subcommand and a malformed command line are errors.
            if RootCommand.exitCode(for: error).isSuccess, !isMissingCommand(error) {
                system.console.output(HelpText.arranged(RootCommand.fullMessage(for: error, columns: HelpText.columns)))
                return 0
            }
            let text = HelpText.arranged(RootCommand.fullMessage(for: error, columns: HelpText.columns))
            return report(.local(HelpText.withoutFarGuess(text)), to: system, as: format)
        }
    }

    private static func report(_ failure: CommandFailure, to system: System, as format: OutputFormat) -> Int32 {
        guard format == .json || format == .yaml else {
            if !failure.message.isEmpty { system.console.error(failure.text) }
            return failure.status
        }
        if failure.isNothing { system.console.output("{}") }
        if !failure.message.isEmpty {
            let text = format == .yaml ? try? YAMLText.text(failure.report) : nil
            system.console.error(text ?? failure.report.pretty())
        }
        return failure.status
    }

    /// Returns whether a group was run without a subcommand. Requested help is another kind of error.
    private static func isMissingCommand(_ error: any Error) -> Bool { error is CleanExit }
}
