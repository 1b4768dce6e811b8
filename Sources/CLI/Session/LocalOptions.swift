internal import ArgumentParser
internal import CofferClient

/// The options of commands that do not send requests.
struct LocalOptions: ParsableArguments {
    @Option(help: .init("Print a table, json or yaml (COFFER_FORMAT, VAULT_FORMAT). (default: table)", valueName: "format"))
    var format: String?

    func printer(_ system: System) throws(CommandFailure) -> Printer {
        let name = format ?? EnvironmentSettings(system.environment)["FORMAT"] ?? ""
        return Printer(format: try OutputFormat(named: name), console: system.console)
    }
}
