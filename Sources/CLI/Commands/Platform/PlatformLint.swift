internal import ArgumentParser
internal import ConnectionsEngine

struct PlatformLint: CLICommand {
    static let configuration = CommandConfiguration(
        commandName: "lint", abstract: "Checks platform profiles and says what is wrong, with file and line.",
        discussion: "coffer platform lint profiles/\nA folder's .yaml and .yml files, or single files.")
    @Argument(help: ArgumentHelp("Files or folders.", valueName: "path")) var arguments: [String] = []

    func run(in system: System) async throws {
        try arguments.expect(atLeast: 1)
        var count = 0
        var problems: [ProfileProblem] = []
        for path in arguments {
            let found = PlatformCatalog.lint(path)
            count += found.profiles.count
            problems += found.problems
        }
        for problem in problems { system.console.error("\(problem)") }
        guard problems.isEmpty else { throw CommandFailure.quiet(1) }
        system.console.output("Success! \(count) \(count == 1 ? "profile is" : "profiles are") valid.")
    }
}
