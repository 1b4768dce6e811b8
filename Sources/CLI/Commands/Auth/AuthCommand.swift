internal import ArgumentParser

/// The command `coffer auth`, which groups commands.
struct AuthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "auth", abstract: "Manage auth methods.",
        discussion: """
            Examples:
              $ coffer auth list
              $ coffer auth enable userpass
            """,
        subcommands: [AuthEnable.self, AuthDisable.self, AuthList.self, AuthTune.self, AuthHelp.self])
}
