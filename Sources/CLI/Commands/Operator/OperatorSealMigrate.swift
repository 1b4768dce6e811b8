internal import ArgumentParser

/// The command `coffer operator seal-migrate`.
struct OperatorSealMigrate: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer operator seal-migrate [options] [<key>]", "Migrate the server to another seal.",
        notes: """
            To migrate to a static seal, add its `seal` block to the configuration. To migrate back to key shares, keep the \
            block and add `disabled = "true"` to it. Restart the server, and give the key shares (or recovery keys) of the \
            current seal with this command, once each, until the threshold is met. Same as `coffer operator unseal -migrate`.
            """,
        examples: "coffer operator seal-migrate")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The key share.", valueName: "key")) var arguments: [String] = []

    func run(_ session: Session) async throws { try await OperatorUnseal.unseal(arguments, migrate: true, session: session) }
}
