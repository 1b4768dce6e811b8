internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer kv metadata patch`.
struct KvMetadataPatch: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer kv metadata patch [options] <path>", "Change some of the metadata of a secret.",
        examples: "coffer kv metadata patch -custom-metadata=owner=team-b secret/app",
        "coffer kv metadata patch -remove-custom-metadata=owner secret/app")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var mount: KvMountOption
    @OptionGroup var settings: KvMetadataSettings
    @Option(help: .init("Remove this label; may be repeated.", valueName: "key")) var removeCustomMetadata: [String] = []
    @Argument(help: .init("The path of the secret.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        var body = try settings.body()
        if !removeCustomMetadata.isEmpty {
            var labels = body["custom_metadata"]?.objectValue ?? JSONObject()
            for name in removeCustomMetadata { labels[name] = .null }
            body["custom_metadata"] = .object(labels)
        }
        let target = try await KvTarget.find(arguments[0], in: mount, session: session)
        let path = try target.versionedPath("metadata")
        let changes = body
        let secret = try await session.call("Error writing data to \(path)") { client in
            let response = try await client.send(.patch, path, body: .object(changes), headers: [.mergePatch])
            if response.status == 404, response.errors.isEmpty { throw CommandFailure.nothing(at: path) }
            return try response.checked().secret
        }
        if let secret { return try session.printer.secret(secret) }
        try session.printer.success("Success! Data written to: \(path)")
    }
}
