internal import ArgumentParser

struct PlatformCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "platform", abstract: "Looks after platform profiles.", subcommands: [PlatformLint.self])
}
