internal import ArgumentParser

struct RootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coffer",
        abstract: "Coffer – manage secrets, tokens and encryption keys.",
        discussion: """
            Flags may be written with one dash or two, before or after the command and its arguments. The server's address \
            comes from -address, COFFER_ADDR or VAULT_ADDR; the token from COFFER_TOKEN, VAULT_TOKEN or `coffer login`. \
            Every VAULT_… variable is also known as COFFER_…, which wins.

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
