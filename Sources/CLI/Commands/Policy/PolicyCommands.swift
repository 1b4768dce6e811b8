internal import ArgumentParser
internal import CofferClient
internal import Syntax

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

/// The command `coffer policy write`.
struct PolicyWrite: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer policy write [options] <name> <file>", "Upload a policy from a file, or from the standard input with `-`.",
        examples: "coffer policy write app app-policy.hcl", "coffer policy write app - < app-policy.hcl")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The policy's name, then its file.", valueName: "name")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(2)
        let name = try PolicyCommand.name(arguments[0])
        let text = try session.system.input.text(of: arguments[1])
        try await session.call("Error uploading policy") { try await $0.sys.setPolicy(name, text: text) }
        try session.printer.success("Success! Uploaded policy: \(name)")
    }
}

/// The command `coffer policy read`.
struct PolicyRead: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer policy read [options] <name>", "Print a policy.", examples: "coffer policy read app")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The policy's name.", valueName: "name")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let name = try PolicyCommand.name(arguments[0])
        let text = try await session.call("Error reading policy named \(name)") { try await $0.sys.policy(name) }
        guard let text, !text.isEmpty else { throw CommandFailure.server("No policy named: \(name)") }
        try session.printer.text(session.printer.isTable ? ArgumentText.trimmed(text) : text, as: "policy")
    }
}

/// The command `coffer policy list`.
struct PolicyList: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer policy list [options]", "List the names of the policies.", examples: "coffer policy list")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        let names = try await session.call("Error listing policies") { try await $0.sys.policies() }
        if session.printer.isTable {
            for name in names { session.console.output(name) }
        } else {
            try session.printer.value(.strings(names))
        }
    }
}

/// The command `coffer policy delete`.
struct PolicyDelete: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer policy delete [options] <name>", "Delete a policy.", examples: "coffer policy delete app")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The policy's name.", valueName: "name")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let name = try PolicyCommand.name(arguments[0])
        try await session.call("Error deleting \(name)") { try await $0.sys.deletePolicy(name) }
        try session.printer.success("Success! Deleted policy: \(name)")
    }
}

/// The command `coffer policy fmt`.
struct PolicyFmt: CLICommand {
    static let configuration = CommandConfiguration.command(
        "coffer policy fmt [options] <file>", "Format a policy file.", examples: "coffer policy fmt app-policy.hcl")
    @OptionGroup(title: "Output") var local: LocalOptions
    @Argument(help: .init("The file.", valueName: "file")) var arguments: [String] = []

    func run(in system: System) async throws {
        try arguments.expect(1)
        let path = arguments[0]
        let text = try Input.text(system.input.file(path), named: path)
        let formatted: String
        do { formatted = try HCLFormat.formatted(text) } catch {
            throw CommandFailure.local("Error formatting \(path): \(error)")
        }
        guard let file = FileReplacement.existing(path) else {
            throw CommandFailure.local("Error formatting \(path): it is not a regular file")
        }
        if formatted != text { try FileReplacement.replace(file.path, with: Array(formatted.utf8), mode: file.mode) }
        try local.printer(system).success("Success! Formatted policy: \(path)")
    }
}
