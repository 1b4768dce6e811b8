internal import ArgumentParser
internal import Syntax

struct PolicyFmt: CLICommand {
    static let configuration = CommandConfiguration(commandName: "fmt", abstract: "Lays a policy file out in the usual manner.")
    @Argument(help: ArgumentHelp("The file.", valueName: "file")) var arguments: [String] = []

    func run(in system: System) async throws {
        try arguments.expect(1)
        let path = ArgumentText.trimmed(arguments[0])
        let text = try Input.text(system.input.file(path), named: path)
        let formatted: String
        do { formatted = try HCLFormat.formatted(text) } catch {
            throw CommandFailure.local("Error formatting \(path): \(error)")
        }
        guard let file = FileReplacement.existing(path) else {
            throw CommandFailure.local("Error formatting \(path): it is no regular file")
        }
        if formatted != text { try FileReplacement.replace(file.path, with: Array(formatted.utf8), mode: file.mode) }
        system.console.output("Success! Formatted policy: \(path)")
    }
}
