internal import ArgumentParser

struct SecretsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secrets", abstract: "Mounts secrets engines.",
        subcommands: [SecretsEnable.self, SecretsDisable.self, SecretsList.self, SecretsTune.self, SecretsMove.self])
}
