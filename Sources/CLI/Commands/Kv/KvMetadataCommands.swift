internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer kv metadata`, which groups commands.
struct KvMetadata: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "metadata", "Read and change the metadata of secrets.", examples: "coffer kv metadata get secret/app",
        subcommands: [KvMetadataGet.self, KvMetadataPut.self, KvMetadataPatch.self, KvMetadataDelete.self])
}

/// The settings of a secret that `kv metadata put` and `kv metadata patch` take.
struct KvMetadataSettings: ParsableArguments {
    @Option(help: .init("The number of versions to keep; 0 for the setting of the mount.", valueName: "number"))
    var maxVersions: Int?
    @Flag(inversion: .prefixedNo, help: "Require -cas for writes.") var casRequired: Bool?
    @Option(help: .init("Delete each version this long after it is written.", valueName: "duration"))
    var deleteVersionAfter: String?
    @Option(help: .init("A label, written as key=value; may be repeated.", valueName: "key=value"))
    var customMetadata: [String] = []

    func body() throws(CommandFailure) -> JSONObject {
        var body = JSONObject()
        if let maxVersions {
            guard maxVersions >= 0 else { throw .local("-max-versions must be 0 or more") }
            body["max_versions"] = .int(maxVersions)
        }
        body["cas_required"] = casRequired.map { .bool($0) }
        body["delete_version_after"] = try ArgumentText.duration(deleteVersionAfter, flag: "delete-version-after")
        if !customMetadata.isEmpty {
            // A single empty flag removes all labels.
            let labels = customMetadata == [""] ? [] : customMetadata
            body["custom_metadata"] = .object(try KeyValueArguments.settings(labels, flag: "custom-metadata"))
        }
        return body
    }
}

/// The command `coffer kv metadata get`.
struct KvMetadataGet: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer kv metadata get [options] <path>", "Show the metadata of a secret and its versions.",
        examples: "coffer kv metadata get secret/app")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var mount: KvMountOption
    @Option(help: "Print only this field.") var field: String?
    @Argument(help: .init("The path of the secret.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let target = try await KvTarget.find(arguments[0], in: mount, session: session)
        let path = try target.versionedPath("metadata")
        let secret = try await session.call("Error reading \(path)") { try await $0.read(path) }
        guard let secret else { throw CommandFailure.nothing(at: path) }
        if let field = field.unlessEmpty { return try session.printer.field(field, of: secret) }
        guard session.printer.isTable, secret.wrapInfo == nil, var data = secret.data else {
            return try session.printer.secret(secret)
        }
        let versions = data["versions"]?.objectValue ?? JSONObject()
        data["versions"] = nil
        session.printer.warnings(secret.warnings)
        session.printer.path(path, title: "Metadata Path")
        try session.printer.section("Metadata", data)
        for version in versions.members.sorted(by: { (Int($0.key) ?? 0) < (Int($1.key) ?? 0) }) {
            session.console.outputExactly("\n")
            try session.printer.section("Version \(version.key)", version.value.objectValue ?? JSONObject())
        }
    }
}

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
        try session.printer.written(secret, to: path)
    }
}

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
        try session.printer.written(secret, to: path)
    }
}

/// The command `coffer kv metadata delete`.
struct KvMetadataDelete: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer kv metadata delete [options] <path>", "Remove a secret with all its versions permanently.",
        examples: "coffer kv metadata delete secret/app")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var mount: KvMountOption
    @Argument(help: .init("The path of the secret.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let target = try await KvTarget.find(arguments[0], in: mount, session: session)
        let path = try target.versionedPath("metadata")
        let secret = try await session.call("Error deleting \(path)") { try await $0.delete(path) }
        try session.printer.deleted(secret, at: path)
    }
}
