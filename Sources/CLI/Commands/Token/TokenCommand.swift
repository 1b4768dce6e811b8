internal import ArgumentParser

/// The command `coffer token`, which groups commands.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "token", "Create, renew and revoke tokens.", examples: "coffer token create -policy=app -ttl=24h",
        subcommands: [
            TokenCreate.self, TokenLookup.self, TokenRenew.self, TokenRevoke.self, TokenCapabilities.self, TokenAttenuate.self,
        ])
}
