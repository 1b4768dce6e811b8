internal import ArgumentParser
internal import Syntax

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
