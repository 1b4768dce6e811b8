internal import ArgumentParser

struct OperatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator", abstract: "Initializes, seals and unseals the server, and changes its keys.",
        subcommands: [
            OperatorInit.self, OperatorUnseal.self, OperatorSeal.self, OperatorKeyStatus.self, OperatorRotate.self,
            OperatorGenerateRoot.self, OperatorRekey.self, OperatorSealMigrate.self,
        ])
}
