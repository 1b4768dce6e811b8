internal import ArgumentParser

/// The command `coffer secrets`, which groups commands.
struct SecretsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secrets", abstract: "Manage secrets engines.",
        discussion: """
            Examples:
              $ coffer secrets list
              $ coffer secrets enable -path=secret kv-v2
            """,
        subcommands: [SecretsEnable.self, SecretsDisable.self, SecretsList.self, SecretsTune.self, SecretsMove.self])
}
