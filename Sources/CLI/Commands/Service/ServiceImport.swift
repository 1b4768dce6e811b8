internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer service`, which groups commands.
struct ServiceCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "service", "Explain the rules of services, and use the secrets of projects as variables.",
        examples: "coffer service env -project=newsbot -env=prod -- ./newsbot",
        subcommands: [ServiceExplain.self, ServiceImport.self, ServiceEnv.self, ServiceMigrate.self])
}

/// The command `coffer service import`.
struct ServiceImport: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer service import [options] -project=<name> -env=<name> <file>",
        "Store the variables of a .env file as secrets of a project.",
        notes: """
            If a variable is already stored with another value, the command fails and stores nothing, unless -overwrite \
            is given.
            """,
        examples: "coffer service import old.env -project=newsbot -env=prod")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var place: ServicePlace
    @Flag(help: "Write a new version of secrets that have another value.") var overwrite = false
    @Argument(help: .init("The file, or - for the standard input.", valueName: "file")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let variables = try variables(session).values.sorted { $0.key < $1.key }
        let stored = Dictionary(try await place.secrets(session).map { ($0.path, $0.value) }, uniquingKeysWith: { $1 })
        let changed = variables.filter { stored[$0.key] != .string($0.value) }
        let conflicts = changed.filter { stored[$0.key] != nil }.map(\.key)
        guard conflicts.isEmpty || overwrite else {
            throw CommandFailure.local(
                "Nothing was imported, because these secrets have other values (use -overwrite to write new versions): "
                    + conflicts.joined(separator: ", "))
        }
        let (mount, folder) = (try place.mountPath(), try place.folder())
        for (name, value) in changed {
            let path = "\(mount)/data/\(folder)\(name)"
            try await session.call("Error writing \(path)") { try await $0.write(path, ["data": ["value": .string(value)]]) }
        }
        try session.printer.success(
            "\(changed.count) stored, \(variables.count - changed.count) unchanged in \(mount)/\(folder)",
            ["stored": .int(changed.count), "unchanged": .int(variables.count - changed.count)])
    }

    private func variables(_ session: Session) throws(CommandFailure) -> DotEnv {
        let text = try session.system.input.text(of: arguments[0])
        do throws(DotEnvError) {
            return try DotEnv(parsing: text)
        } catch {
            throw CommandFailure.local("\(arguments[0]):\(error.line): \(error.message)")
        }
    }
}
