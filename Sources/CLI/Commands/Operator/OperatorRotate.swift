internal import ArgumentParser
internal import CofferClient

/// The command `coffer operator rotate`.
struct OperatorRotate: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer operator rotate [options]", "Rotate the encryption key. New data is encrypted with the new key.",
        examples: "coffer operator rotate")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        try await session.call("Error rotating key") { try await $0.request(.put, "sys/rotate") }
        if session.printer.isTable { session.console.output("Success! Rotated key\n\n") }
        try await OperatorKeyStatus.write(to: session)
    }
}
