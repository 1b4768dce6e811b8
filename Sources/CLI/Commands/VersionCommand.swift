internal import ArgumentParser
internal import CofferClient

struct VersionCommand: CLICommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Prints the version of this program.")

    static func write(to console: Console) { console.output("Coffer v\(CofferVersion.text)") }

    func run(in system: System) async throws { Self.write(to: system.console) }
}
