internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer secrets list`.
struct SecretsList: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer secrets list [options]", "List the secrets engines.", examples: "coffer secrets list",
        "coffer secrets list -detailed")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(help: "Show TTLs, options and more.") var detailed = false
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        let mounts = try await session.call("Error listing secrets engines") { try await $0.sys.mounts() }
        guard session.printer.isTable else { return try session.printer.value(Printer.sorted(.object(mounts))) }
        session.console.output(detailed ? MountTable.detailedText(mounts) : MountTable.text(mounts))
    }
}
