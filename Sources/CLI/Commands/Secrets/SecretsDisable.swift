internal import ArgumentParser
internal import CofferClient

/// The command `coffer secrets disable`.
struct SecretsDisable: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer secrets disable [options] <mount>", "Disable a secrets engine and delete all its data.",
        examples: "coffer secrets disable apps/")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The mount.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let path = try ArgumentText.requiredPath(arguments[0])
        try await session.call("Error disabling secrets engine at \(path)/") { try await $0.request(.delete, "sys/mounts/\(path)") }
        try session.printer.success("Success! Disabled the secrets engine (if it existed) at: \(path)/")
    }
}
