internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer status`.
struct StatusCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer status [options]", "Show whether the server is initialized and unsealed.",
        notes: "The exit status is 0 if the server serves requests, 2 if it is sealed or cannot serve any, and 1 on an error.",
        examples: "coffer status", "coffer status -format=json")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        do {
            var status = try await session.call("Error checking seal status") { try await $0.sys.sealStatus() }
            let isSealed = status["sealed"]?.boolValue ?? true
            if !isSealed, let leader = try? await session.call("", { try await $0.request(.get, "sys/leader").object() }) {
                for name in ["ha_enabled", "is_self", "leader_address", "leader_cluster_address"] { status[name] = leader[name] }
            }
            try SealStatusTable(status).write(to: session.printer)
            // A node that cannot serve requests is not ready, even if it is unsealed.
            if isSealed || status["unavailable"] != nil { throw CommandFailure.quiet(2) }
        } catch var failure as CommandFailure where !failure.message.isEmpty {
            failure.status = 1
            throw failure
        }
    }
}

/// The command `coffer path-help`.
struct PathHelpCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer path-help [options] <path>", "Show the documentation of a path and its parameters.",
        examples: "coffer path-help secret/", "coffer path-help auth/token/create")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The path, such as secret/ or auth/token/create.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        let path = try arguments.onlyPath()
        let answer = try await session.call("Error retrieving help") { try await $0.pathHelp(path) }
        guard let text = answer["help"]?.stringValue, !text.isEmpty else {
            throw CommandFailure.server("No help found for \(path)")
        }
        if session.printer.isTable { session.console.output(text) } else { try session.printer.value(.object(answer)) }
    }
}

/// The command `coffer print`, which groups commands.
struct PrintCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "print", "Show what commands send to the server.", examples: "coffer print token", subcommands: [PrintTokenCommand.self])
}

/// The command `coffer print token`.
struct PrintTokenCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer print token [options]", "Show the token that commands send.", examples: "coffer print token")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions

    func run(_ session: Session) async throws {
        guard let token = session.token else {
            throw CommandFailure.local("There is no token. Log in with `coffer login`, or set COFFER_TOKEN.")
        }
        try session.printer.text(token, as: "token", isPlainWhenRaw: true)
    }
}

/// The command `coffer version`.
struct VersionCommand: CLICommand {
    static let configuration = CommandConfiguration.command(
        "coffer version [options]", "Print the version of this program.", examples: "coffer version")
    @OptionGroup(title: "Output") var local: LocalOptions

    /// The version for people.
    static let line = "Coffer v\(CofferVersion.text)"

    func run(in system: System) async throws {
        let printer = try local.printer(system)
        if printer.isTable || printer.format == .raw { return system.console.output(Self.line) }
        try printer.value(["version": .string(CofferVersion.text)])
    }
}
