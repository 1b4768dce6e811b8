internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer policy list`.
struct PolicyList: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer policy list [options]", "List the names of the policies.", examples: "coffer policy list")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        let names = try await session.call("Error listing policies") { try await $0.sys.policies() }
        if session.printer.isTable {
            for name in names { session.console.output(name) }
        } else {
            try session.printer.value(.strings(names))
        }
    }
}
