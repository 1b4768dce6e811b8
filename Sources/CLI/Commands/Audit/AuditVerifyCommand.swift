internal import ArgumentParser

struct AuditVerifyCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Finds the first line of an audit file that was changed, removed, moved or cut off.")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: ArgumentHelp("A file with the chain's key, to check without a server.", valueName: "file")) var keyFile: String?
    @Option(help: ArgumentHelp("The chain's key itself.", valueName: "key")) var key: String?
    @Argument(help: ArgumentHelp("The audit file.", valueName: "file")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        try await verifyAuditFile(path: arguments[0])
    }
}

/// Reads the file and checks its chain.
func verifyAuditFile(path: String) async throws {
    throw CommandFailure.local("The verifier is not wired yet")
}
