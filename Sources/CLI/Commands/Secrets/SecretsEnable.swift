internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer secrets enable`.
struct SecretsEnable: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer secrets enable [options] <type>", "Enable a secrets engine.",
        examples: "coffer secrets enable -path=secret kv-v2", "coffer secrets enable -path=apps -version=1 kv")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var creation: MountCreation
    @OptionGroup var tuning: MountTuning
    @Argument(help: .init("The type of the engine, such as kv.", valueName: "type")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let (path, body) = try creation.request(type: arguments[0], tuning: tuning)
        try await session.call("Error enabling") { try await $0.request(.post, "sys/mounts/\(path)", body: .object(body)) }
        try session.printer.success("Success! Enabled the \(ArgumentText.path(arguments[0])) secrets engine at: \(path)/")
    }
}
