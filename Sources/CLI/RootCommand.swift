internal import ArgumentParser

/// The command `coffer` with its subcommands.
struct RootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coffer",
        abstract: "Coffer – manage secrets, tokens and encryption keys.",
        discussion: """
            Flags may have one dash or two, and may precede or follow the command and its arguments. The server's address \
            is read from -address, COFFER_ADDR or VAULT_ADDR; the token from COFFER_TOKEN, VAULT_TOKEN or the file that \
            `coffer login` saves. Each VAULT_… variable can also be set as COFFER_…, which takes precedence.

            Examples:
              $ coffer server -dev
              $ coffer kv put secret/app password=-
              $ coffer kv get -field=password secret/app
            """,
        groupedSubcommands: [
            CommandGroup(
                name: "Secrets",
                subcommands: [
                    ReadCommand.self, WriteCommand.self, ListCommand.self, PatchCommand.self, DeleteCommand.self, KvCommand.self,
                    UnwrapCommand.self, InsightsCommand.self, PlatformCommand.self,
                ]),
            CommandGroup(
                name: "Server",
                subcommands: [
                    ServerCommand.self, StatusCommand.self, OperatorCommand.self, AuditCommand.self, ServiceCommand.self,
                    VersionCommand.self,
                ]),
            CommandGroup(
                name: "Access",
                subcommands: [
                    LoginCommand.self, TokenCommand.self, LeaseCommand.self, PolicyCommand.self, AuthCommand.self,
                    SecretsCommand.self,
                ]),
            CommandGroup(name: "Help", subcommands: [PathHelpCommand.self, PrintCommand.self]),
        ])
}
