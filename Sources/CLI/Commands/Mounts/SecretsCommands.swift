internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer secrets`, which groups commands.
struct SecretsCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "secrets", "Manage secrets engines.", examples: "coffer secrets list", "coffer secrets enable -path=secret kv-v2",
        subcommands: [SecretsEnable.self, SecretsDisable.self, SecretsList.self, SecretsTune.self, SecretsMove.self])
}

/// The command `coffer secrets enable`.
struct SecretsEnable: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer secrets enable [options] <type>", "Enable a secrets engine.",
        examples: "coffer secrets enable -path=secret kv-v2", "coffer secrets enable -path=apps -version=1 kv")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var creation: MountCreation
    @OptionGroup var tuning: MountTuning
    @Argument(help: .init("The type of the engine, such as kv.", valueName: "type")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let (path, body) = try creation.request(type: arguments[0], tuning: tuning)
        try await session.call("Error enabling") { try await $0.request(.post, "sys/mounts/\(path)", body: .object(body)) }
        try session.printer.success("Success! Enabled the \(ArgumentText.path(arguments[0])) secrets engine at: \(path)/")
    }
}

/// The command `coffer secrets disable`.
struct SecretsDisable: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer secrets disable [options] <mount>", "Disable a secrets engine and delete all its data.",
        examples: "coffer secrets disable apps/")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The mount.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try await MountKind.secrets.disable(arguments.onlyPath(), session)
    }
}

/// The command `coffer secrets list`.
struct SecretsList: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer secrets list [options]", "List the secrets engines.", examples: "coffer secrets list",
        "coffer secrets list -detailed")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(help: "Show TTLs, options and more.") var detailed = false
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        let mounts = try await session.call("Error listing secrets engines") { try await $0.sys.mounts() }
        try MountKind.secrets.write(mounts, isDetailed: detailed, to: session)
    }
}

/// The command `coffer secrets tune`.
struct SecretsTune: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer secrets tune [options] <mount>", "Change settings of a secrets engine.",
        examples: "coffer secrets tune -max-lease-ttl=12h database/",
        "coffer secrets tune -description= database/      # removes the description")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var tuning: MountTuning
    @Argument(help: .init("The mount.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try await MountKind.secrets.tune(arguments.onlyPath(), tuning.tuneBody(), on: session)
    }
}

/// The command `coffer secrets move`.
struct SecretsMove: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer secrets move [options] <mount> <new path>", "Move a secrets engine to another path. Its leases are revoked.",
        examples: "coffer secrets move secret/ archive/")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The mount, then its new path.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(2)
        let (source, target) = (try ArgumentText.requiredPath(arguments[0]), try ArgumentText.requiredPath(arguments[1]))
        let doing = "Error moving secrets engine \(source)/ to \(target)/"
        let body: JSON = ["from": .string(source), "to": .string(target)]
        let started = try await session.call(doing) {
            let response = try await $0.request(.post, "sys/remount", body: body)
            return try response.body.isEmpty ? JSONObject() : response.object()
        }
        guard let id = (started["data"]?["migration_id"] ?? started["migration_id"])?.stringValue else {
            return try session.printer.success("Success! Finished moving secrets engine \(source)/ to \(target)/")
        }
        if session.printer.isTable {
            session.console.output("Started moving secrets engine \(source)/ to \(target)/, with migration ID \(id)")
        }
        let status = try await session.call(doing) { try await Self.wait(for: id, $0) }
        guard status == "success" else {
            throw CommandFailure.server("\(doing): the migration \(id) ended as \(status)")
        }
        try session.printer.success("Success! Finished moving secrets engine \(source)/ to \(target)/, with migration ID \(id)")
    }

    /// Asks for the status of a migration until it ends, for at most five minutes.
    private static func wait(for id: String, _ client: CofferClient) async throws -> String {
        for attempt in 0..<300 {
            let answer = try await client.request(.get, "sys/remount/status/\(id)").json
            let status = (answer?["data"]?["migration_info"] ?? answer?["migration_info"])?["status"]?.stringValue ?? "unknown"
            if status != "in-progress" { return status }
            try await Task.sleep(for: attempt < 10 ? .milliseconds(100) : .seconds(1))
        }
        throw CommandFailure.server("The migration \(id) is still running. Check it with `coffer read sys/remount/status/\(id)`.")
    }
}
