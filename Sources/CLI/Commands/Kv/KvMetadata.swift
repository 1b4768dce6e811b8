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
