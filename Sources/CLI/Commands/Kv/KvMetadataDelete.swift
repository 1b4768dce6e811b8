internal import ArgumentParser
internal import CofferClient

struct KvMetadataDelete: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Removes a secret with all its versions for good.")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var mount: KvMountOption
    @Argument(help: ArgumentHelp("The secret.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let target = try await KvTarget.find(arguments[0], mount, session)
        let path = try target.versionedPath("metadata")
        let secret = try await session.call("Error deleting \(path)") { try await $0.delete(path) }
        if session.printer.isTable { session.console.output("Success! Data deleted (if it existed) at: \(path)") }
        if let secret { try session.printer.secret(secret) }
    }
}
