internal import ArgumentParser

/// The command `coffer secrets`, which groups commands.
struct SecretsCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "secrets", "Manage secrets engines.", examples: "coffer secrets list", "coffer secrets enable -path=secret kv-v2",
        subcommands: [SecretsEnable.self, SecretsDisable.self, SecretsList.self, SecretsTune.self, SecretsMove.self])
}
