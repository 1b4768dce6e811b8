package import EngineKit

/// The engine type `kv`. As in the Vault API, a mount is of version 1 unless its option `version` is `2`.
package enum KVEngine {
    /// The type with its options and its two versions.
    package static let description: EngineDescription = {
        var description = EngineDescription(
            type: "kv", summary: "Key/value secrets: plain (version 1) or with history (version 2).", optionNames: ["version"],
            checkOptions: checkVersion
        ) { context in
            if context.options["version"] == "2" { return KVVersion2Engine(context) }
            return KVVersion1Engine(context)
        }
        // `generic` was the first name of version 1.
        description.aliases = [
            .init("kv-v2", options: ["version": "2"]), .init("kv-v1", options: ["version": "1"]),
            .init("generic", options: ["version": "1"]),
        ]
        description.apiName = { $0["version"] == "2" ? "kv-v2" : "kv-v1" }
        description.checkOptionsChange = { current, changed throws(CofferError) in
            guard current["version"] == "2", changed["version"] != "2" else { return }
            throw .invalid("cannot downgrade mount from version 2")
        }
        return description
    }()

    // Other options are accepted with a warning: Terraform's own examples contain some that no server reads.
    private static func checkVersion(_ options: [String: String]) throws(CofferError) {
        guard let version = options["version"], !version.isEmpty else { return }
        guard version == "1" || version == "2" else { throw .invalid("the option 'version' of a kv mount must be \"1\" or \"2\"") }
    }
}
