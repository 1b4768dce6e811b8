internal import ArgumentParser
internal import CofferClient

/// The command `coffer kv metadata put`.
struct KvMetadataPut: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer kv metadata put [options] <path>", "Set the metadata of a secret and replace all its labels.",
        examples: "coffer kv metadata put -max-versions=5 -custom-metadata=owner=team-a secret/app",
        "coffer kv metadata put -custom-metadata= secret/app      # removes all labels")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var mount: KvMountOption
    @OptionGroup var settings: KvMetadataSettings
    @Argument(help: .init("The path of the secret.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let body = try settings.body()
        let target = try await KvTarget.find(arguments[0], in: mount, session: session)
        let path = try target.versionedPath("metadata")
        let secret = try await session.call("Error writing data to \(path)") { try await $0.write(path, body) }
        if let secret { return try session.printer.secret(secret) }
        try session.printer.success("Success! Data written to: \(path)")
    }
}
