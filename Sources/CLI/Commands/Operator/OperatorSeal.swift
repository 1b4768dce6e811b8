internal import ArgumentParser
internal import CofferClient

/// The command `coffer operator seal`.
struct OperatorSeal: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "seal", abstract: "Seal the server: it discards its keys and refuses requests until it is unsealed.",
        usage: "coffer operator seal [options]",
        discussion: """
            Example:
              $ coffer operator seal
            """)
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        try await session.call("Error sealing") { try await $0.sys.seal() }
        try session.printer.success("Success! Coffer is sealed.")
    }
}
