internal import ArgumentParser
internal import CofferClient
internal import Syntax

struct KvMetadata: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metadata", abstract: "Read and change the metadata of secrets.",
        discussion: """
            Example:
              $ coffer kv metadata get secret/app
            """,
        subcommands: [KvMetadataGet.self, KvMetadataPut.self, KvMetadataPatch.self, KvMetadataDelete.self])
}

/// Settings of one secret that metadata put and patch take.
struct KvMetadataSettings: ParsableArguments {
    @Option(help: ArgumentHelp("How many versions to keep; 0 for the mount's own number.", valueName: "number")) var maxVersions:
        Int?
    @Flag(inversion: .prefixedNo, help: "Whether writes must carry -cas.") var casRequired: Bool?
    @Option(help: ArgumentHelp("Delete each version this long after it was written.", valueName: "duration"))
    var deleteVersionAfter: String?
    @Option(help: ArgumentHelp("A label as key=value; may be repeated.", valueName: "key=value")) var customMetadata: [String] = []

    func body() throws(CommandFailure) -> JSONObject {
        var body = JSONObject()
        if let maxVersions {
            guard maxVersions >= 0 else { throw .local("-max-versions must be 0 or more") }
            body["max_versions"] = .int(maxVersions)
        }
        body["cas_required"] = casRequired.map { .bool($0) }
        body["delete_version_after"] = try ArgumentText.duration(deleteVersionAfter, flag: "delete-version-after")
        if !customMetadata.isEmpty {
            // An empty flag alone takes all labels away.
            let labels = customMetadata == [""] ? [] : customMetadata
            body["custom_metadata"] = .object(try KeyValueArguments.settings(labels, flag: "custom-metadata"))
        }
        return body
    }
}
