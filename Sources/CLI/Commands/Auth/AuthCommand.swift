internal import ArgumentParser

/// The command `coffer auth`, which groups commands.
struct AuthCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "auth", "Manage auth methods.", examples: "coffer auth list", "coffer auth enable userpass",
        subcommands: [AuthEnable.self, AuthDisable.self, AuthList.self, AuthTune.self, AuthHelp.self])
}
