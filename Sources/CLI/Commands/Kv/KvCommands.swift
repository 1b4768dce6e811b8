internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer kv`, which groups commands.
struct KvCommand: ParsableCommand {
    static let configuration = CommandConfiguration.group(
        "kv", "Read and write secrets of key-value mounts.",
        examples: "coffer kv put secret/database/postgres host=db.internal port=5432",
        "coffer kv get -field=port secret/database/postgres", "coffer kv get -mount=secret database/postgres",
        subcommands: [
            KvGet.self, KvPut.self, KvPatch.self, KvList.self, KvDelete.self, KvUndelete.self, KvDestroy.self, KvRollback.self,
            KvEnableVersioning.self, KvMetadata.self,
        ])
}

/// The command `coffer kv get`.
struct KvGet: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer kv get [options] <path>", "Read a secret.", examples: "coffer kv get secret/app",
        "coffer kv get -field=password secret/app", "coffer kv get -version=2 secret/app")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var place: KvSecretArgument
    @Option(help: "Print only this field.") var field: String?
    @Option(help: .init("The version to read. (default: the newest)", valueName: "number")) var version: Int?

    func run(_ session: Session) async throws {
        try place.arguments.expect(1)
        if let version, version < 0 { throw CommandFailure.local("-version must be the number of a version, or 0 for the newest") }
        let target = try await place.target(session)
        let path = target.apiPath("data")
        let query = version.map { $0 > 0 && target.isVersioned ? [QueryItem("version", String($0))] : [] } ?? []
        let secret = try await session.call("Error reading \(path)") { try await $0.read(path, query: query) }
        guard let secret else { throw CommandFailure.nothing(at: path) }
        let data = target.isVersioned ? secret.data?["data"]?.objectValue : secret.data
        if let field = field.unlessEmpty {
            if secret.wrapInfo != nil { return try session.printer.field(field, of: secret) }
            guard let data else { throw CommandFailure.server("No data found at \(path)") }
            return try target.isVersioned ? session.printer.field(field, in: data) : session.printer.field(field, of: secret)
        }
        if secret.wrapInfo != nil || !session.printer.isTable {
            try session.printer.secret(secret)
        } else {
            try writeSections(secret, data, path: path, target: target, to: session)
        }
        // The version is deleted: its metadata has been printed, but there is no secret.
        if data == nil, secret.wrapInfo == nil { throw CommandFailure.quiet(2) }
    }

    private func writeSections(_ secret: Secret, _ data: JSONObject?, path: String, target: KvTarget, to session: Session) throws {
        let printer = session.printer
        printer.warnings(secret.warnings)
        if target.isVersioned { printer.path(path, title: "Secret Path") }
        if target.isVersioned, let metadata = secret.data?["metadata"]?.objectValue {
            try printer.section("Metadata", metadata)
            if data != nil { printer.console.outputExactly("\n") }
        }
        if let data { try printer.section("Data", data) }
    }
}

/// The command `coffer kv list`.
struct KvList: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer kv list [options] <path>", "List the secrets below a path.", examples: "coffer kv list secret/",
        "coffer kv list -mount=secret apps/")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var mount: KvMountOption
    @Argument(help: .init("The path.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(mount.mount.unlessEmpty == nil ? 1...1 : 0...1)
        let target = try await KvTarget.find(arguments.first, in: mount, session: session)
        try await ListCommand.list(target.apiPath("metadata"), session: session)
    }
}

/// The command `coffer kv enable-versioning`.
struct KvEnableVersioning: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer kv enable-versioning [options] <mount>", "Upgrade a KV version 1 mount to version 2.",
        examples: "coffer kv enable-versioning secret/")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The mount.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try await MountKind.secrets.tune(arguments.onlyPath(), ["options": ["version": "2"]], on: session)
    }
}
