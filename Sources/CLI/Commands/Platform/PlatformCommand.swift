internal import ArgumentParser

struct PlatformCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "platform", abstract: "Check platform profiles.",
        discussion: """
            Example:
              $ coffer platform lint profiles/
            """,
        subcommands: [PlatformLint.self])
}
