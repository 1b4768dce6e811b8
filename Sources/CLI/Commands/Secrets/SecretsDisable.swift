internal import ArgumentParser
internal import CofferClient

struct SecretsDisable: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable", abstract: "Unmounts a secrets engine and deletes all that it holds.")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: ArgumentHelp("The mount.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let path = try ArgumentText.requiredPath(arguments[0])
        try await session.call("Error disabling secrets engine at \(path)/") { try await $0.request(.delete, "sys/mounts/\(path)") }
        session.console.output("Success! Disabled the secrets engine (if it existed) at: \(path)/")
    }
}
