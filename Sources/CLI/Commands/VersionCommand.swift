internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer version`.
struct VersionCommand: CLICommand {
    static let configuration = CommandConfiguration.command(
        "coffer version [options]", "Print the version of this program.", examples: "coffer version")
    @OptionGroup(title: "Output") var local: LocalOptions

    static func write(to console: Console) { console.output("Coffer v\(CofferVersion.text)") }

    func run(in system: System) async throws {
        let printer = try local.printer(system)
        guard !printer.isTable, printer.format != .raw else { return Self.write(to: system.console) }
        try printer.value(["version": .string(CofferVersion.text)])
    }
}
