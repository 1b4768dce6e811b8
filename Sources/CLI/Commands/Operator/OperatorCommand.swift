internal import ArgumentParser

/// The command `coffer operator`, which groups commands.
struct OperatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "operator", "Initialize, seal and unseal the server, and change its keys.", examples: "coffer operator init",
        "coffer operator unseal",
        subcommands: [
            OperatorInit.self, OperatorUnseal.self, OperatorSeal.self, OperatorKeyStatus.self, OperatorRotate.self,
            OperatorGenerateRoot.self, OperatorRekey.self, OperatorSealMigrate.self,
        ])
}
