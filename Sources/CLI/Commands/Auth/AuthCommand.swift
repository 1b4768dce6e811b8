internal import ArgumentParser

struct AuthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "auth", abstract: "Mounts auth methods.",
        subcommands: [AuthEnable.self, AuthDisable.self, AuthList.self, AuthTune.self, AuthHelp.self])
}
