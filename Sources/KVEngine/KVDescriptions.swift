package import EngineKit

/// `kv`: version 1 unless the mount's option `version` is `2`, as the Vault API has it.
package let kvDescription = EngineDescription(
    type: "kv", summary: "Key/value secrets: plain (version 1) or with history (version 2).", optionNames: ["version"],
    checkOptions: checkVersion
) { context in
    if context.options["version"] == "2" { return KVVersion2Engine(context) }
    return KVVersion1Engine(context)
}

/// `kv-v2`: another name for `kv` with version 2; `sys/mounts` records it as `kv` with that option.
package let kvVersion2Description = EngineDescription(
    type: "kv-v2", summary: "Key/value secrets with history.", checkOptions: checkVersion
) { context in KVVersion2Engine(context) }

/// `generic`: the name that version 1 had first.
package let genericDescription = EngineDescription(
    type: "generic", summary: "Key/value secrets, plain.", checkOptions: checkVersion
) { context in KVVersion1Engine(context) }

// Other options are let through with a warning: Terraform's own examples set some that no server reads.
private func checkVersion(_ options: [String: String]) throws(CofferError) {
    guard let version = options["version"], !version.isEmpty else { return }
    guard version == "1" || version == "2" else { throw .invalid("the option 'version' of a kv mount must be \"1\" or \"2\"") }
}
