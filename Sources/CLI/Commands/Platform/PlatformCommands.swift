internal import ArgumentParser
internal import ConnectionsEngine
internal import Syntax

/// The command `coffer platform`, which groups commands.
struct PlatformCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "platform", "Check platform profiles.", examples: "coffer platform lint profiles/", subcommands: [PlatformLint.self])
}

/// The command `coffer platform lint`.
struct PlatformLint: CLICommand {
    static let configuration = CommandConfiguration.command(
        "coffer platform lint [options] <path> ...", "Check platform profiles and show problems with file and line.",
        notes: "For a folder, all its .yaml and .yml files are checked.",
        examples: "coffer platform lint profiles/", "coffer platform lint -format=json slack.yaml")
    @OptionGroup(title: "Output") var local: LocalOptions
    @Argument(help: .init("Files or folders.", valueName: "path")) var arguments: [String] = []

    func run(in system: System) async throws {
        try arguments.expect(atLeast: 1)
        var count = 0
        var problems: [ProfileProblem] = []
        for path in arguments {
            let found = PlatformCatalog.lint(path)
            count += found.profiles.count
            problems += found.problems
        }
        let printer = try local.printer(system)
        guard problems.isEmpty else {
            if printer.isTable {
                for problem in problems { system.console.error("\(problem)") }
            } else {
                try printer.value(["profiles": .int(count), "problems": .strings(problems.map { "\($0)" })])
            }
            throw CommandFailure.quiet(1)
        }
        let text = "Success! \(count) \(count == 1 ? "profile is" : "profiles are") valid."
        try printer.success(text, ["profiles": .int(count), "problems": []])
    }
}
