internal import ArgumentParser

struct OperatorSealMigrate: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "seal-migrate", abstract: "Moves the server to the seal of its configuration.",
        discussion: """
            Change the `seal` block of the configuration, restart the server, and give the key shares of the seal before with
            this command, once each, until the threshold is met. It is `coffer operator unseal -migrate`.
            """)
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: ArgumentHelp("The key share.", valueName: "key")) var arguments: [String] = []

    func run(_ session: Session) async throws { try await OperatorUnseal.unseal(arguments, migrate: true, session) }
}
