internal import ArgumentParser
internal import CofferClient

/// The command `coffer policy write`.
struct PolicyWrite: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer policy write [options] <name> <file>", "Upload a policy from a file, or from the standard input with `-`.",
        examples: "coffer policy write app app-policy.hcl", "coffer policy write app - < app-policy.hcl")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The policy's name, then its file.", valueName: "name")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(2)
        let name = try PolicyCommand.name(arguments[0])
        let text = try session.system.input.text(of: arguments[1])
        try await session.call("Error uploading policy") { try await $0.sys.setPolicy(name, text: text) }
        try session.printer.success("Success! Uploaded policy: \(name)")
    }
}
