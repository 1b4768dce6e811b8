internal import ArgumentParser

/// The command `coffer platform`, which groups commands.
struct PlatformCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "platform", "Check platform profiles.", examples: "coffer platform lint profiles/", subcommands: [PlatformLint.self])
}
