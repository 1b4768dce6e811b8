internal import ArgumentParser

/// The command `coffer policy`, which groups commands.
struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "policy", "Read and write policies, which define what tokens may do.", examples: "coffer policy write app app-policy.hcl",
        subcommands: [PolicyWrite.self, PolicyRead.self, PolicyList.self, PolicyDelete.self, PolicyFmt.self])

    /// Returns the name of a policy in lower case. Refuses an empty name.
    static func name(_ text: String) throws(CommandFailure) -> String {
        let name = text.lowercased()
        guard !name.isEmpty else { throw .local("The policy's name is empty") }
        return name
    }
}
