internal import ArgumentParser
internal import CofferClient

/// The command `coffer operator seal`.
struct OperatorSeal: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer operator seal [options]", "Seal the server: it discards its keys and refuses requests until it is unsealed.",
        examples: "coffer operator seal")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        try await session.call("Error sealing") { try await $0.sys.seal() }
        try session.printer.success("Success! Coffer is sealed.")
    }
}
