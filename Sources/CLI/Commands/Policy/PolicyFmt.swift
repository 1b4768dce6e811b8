internal import ArgumentParser

struct PolicyFmt: CLICommand {
    static let configuration = CommandConfiguration(commandName: "fmt", abstract: "Lays a policy file out in the usual manner.")
    @Argument(help: ArgumentHelp("The file.", valueName: "file")) var arguments: [String] = []

    func run(in system: System) async throws {
        try arguments.expect(1)
        let path = ArgumentText.trimmed(arguments[0])
        let text = try system.input.text(of: path)
        _ = text
        throw CommandFailure.local("The formatter is not wired yet")
    }
}
