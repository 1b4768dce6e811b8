internal import ArgumentParser

/// The command `coffer platform`, which groups commands.
struct PlatformCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "platform", abstract: "Check platform profiles.",
        discussion: """
            Example:
              $ coffer platform lint profiles/
            """,
        subcommands: [PlatformLint.self])
}
