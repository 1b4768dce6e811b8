internal import ArgumentParser

struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Read and write policies: who may do what on which paths.",
        discussion: """
            Example:
              $ coffer policy write app app-policy.hcl
            """,
        subcommands: [PolicyWrite.self, PolicyRead.self, PolicyList.self, PolicyDelete.self, PolicyFmt.self])

    /// Names of policies have no capitals.
    static func name(_ text: String) throws(CommandFailure) -> String {
        let name = text.lowercased()
        guard !name.isEmpty else { throw .local("The policy's name may not be empty") }
        return name
    }
}
