internal import ArgumentParser
internal import CofferClient

struct PolicyWrite: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "write", abstract: "Uploads a policy from a file, or from the standard input with `-`.",
        discussion: "coffer policy write admin admin-policy.hcl")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: ArgumentHelp("The policy's name, then its file.", valueName: "name")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(2)
        let name = try PolicyCommand.name(arguments[0])
        let text = try session.system.input.text(of: ArgumentText.trimmed(arguments[1]))
        try await session.call("Error uploading policy") { try await $0.sys.setPolicy(name, text: text) }
        session.console.output("Success! Uploaded policy: \(name)")
    }
}
