internal import ArgumentParser
internal import CofferClient

struct KvMetadataPut: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "put", abstract: "Sets what is kept about a secret, its labels as a whole.")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var mount: KvMountOption
    @OptionGroup var settings: KvMetadataSettings
    @Argument(help: ArgumentHelp("The secret.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let body = try settings.body()
        let target = try await KvTarget.find(arguments[0], mount, session)
        let path = try target.versionedPath("metadata")
        let secret = try await session.call("Error writing data to \(path)") { try await $0.write(path, body) }
        if let secret { return try session.printer.secret(secret) }
        if session.printer.isTable { session.console.output("Success! Data written to: \(path)") }
    }
}
