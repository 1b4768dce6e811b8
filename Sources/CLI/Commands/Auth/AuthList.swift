internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer auth list`.
struct AuthList: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer auth list [options]", "List the auth methods.", examples: "coffer auth list", "coffer auth list -detailed")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(help: "Show TTLs, options and more.") var detailed = false
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        let mounts = try await session.call("Error listing enabled authentications") { try await $0.sys.authMounts() }
        guard session.printer.isTable else { return try session.printer.value(Printer.sorted(.object(mounts))) }
        session.console.output(detailed ? MountTable.detailedText(mounts, isAuth: true) : MountTable.text(mounts))
    }
}
