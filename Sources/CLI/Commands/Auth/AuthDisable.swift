internal import ArgumentParser
internal import CofferClient

/// The command `coffer auth disable`.
struct AuthDisable: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer auth disable [options] <mount>", "Disable an auth method and revoke the tokens that it issued.",
        examples: "coffer auth disable userpass/")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The mount, such as userpass/.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let path = try ArgumentText.requiredPath(arguments[0])
        try await session.call("Error disabling auth method at \(path)/") { try await $0.request(.delete, "sys/auth/\(path)") }
        try session.printer.success("Success! Disabled the auth method (if it existed) at: \(path)/")
    }
}
