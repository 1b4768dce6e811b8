internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer read`.
struct ReadCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer read [options] <path> [<key=value> ...]", "Read data from a path.",
        notes: "Use `coffer kv get` for secrets of a KV mount: it supports versions.",
        examples: "coffer read sys/mounts/secret/tune", "coffer read -field=role_id auth/approle/role/app/role-id")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: "Print only this field.") var field: String?
    @Argument(help: .init("The path, then the query as key=value.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        let (path, query) = try PathArguments.query(arguments, input: session.system.input)
        let response = try await session.call("Error reading \(path)") { client in
            let response = try await client.send(.get, path, query: query)
            // A 404 without an error text means that nothing exists at the path.
            return response.status == 404 && response.errors.isEmpty ? response : try response.checked()
        }
        try Answer(response).write(to: session, path: path, field: field)
        guard response.status == 404 else { return }
        if session.printer.isTable, field.unlessEmpty == nil, Self.isKeyValuePath(response.secret?.warnings ?? []) {
            session.console.error("Use `coffer kv get \(path)` to read a secret of a KV mount.")
        }
        throw CommandFailure.quiet(2)
    }

    /// Returns whether the server warns that the path of a KV version 2 mount lacks `data/`.
    private static func isKeyValuePath(_ warnings: [String]) -> Bool {
        warnings.contains { $0.utf8.starts(with: "Invalid path for a versioned K/V".utf8) }
    }
}

/// The command `coffer list`.
struct ListCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer list [options] <path> [<key=value> ...]", "List the names below a path.",
        examples: "coffer list auth/approle/role", "coffer list -detailed sys/leases/lookup/auth/userpass/login/ann")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(help: "Show the details of each name, if the server returns them.") var detailed = false
    @Argument(help: .init("The path, then the query as key=value.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        let (path, query) = try PathArguments.query(arguments, input: session.system.input)
        let settings = EnvironmentSettings(session.system.environment)
        let isDetailed = try detailed || settings.bool("DETAILED") ?? settings.bool("DETAILED_LISTS") ?? false
        try await Self.list(path, query: query, isDetailed: isDetailed, session: session)
    }

    /// Lists the names below a path and prints them. Used by `coffer kv list` too.
    static func list(_ path: String, query: [QueryItem] = [], isDetailed: Bool = false, session: Session) async throws {
        let found = try await session.call("Error listing \(path)") { try await $0.list(path, query: query) }
        guard let found else { throw CommandFailure.nothing(at: path) }
        if found.wrapInfo != nil { return try session.printer.secret(found) }
        session.printer.warnings(found.warnings)
        let keys = found.data?["keys"]?.arrayValue?.compactMap(\.stringValue) ?? []
        guard !keys.isEmpty else { throw CommandFailure.nothing(at: path) }
        if isDetailed, let information = found.data?["key_info"]?.objectValue {
            guard session.printer.isTable else { return try session.printer.secret(found) }
            return session.console.output(table(keys, information).text)
        }
        try session.printer.list(keys)
    }

    /// Returns a table with a row for each name and a column for each detail.
    private static func table(_ keys: [String], _ information: JSONObject) -> Table {
        let names = Set(information.members.flatMap { $0.value.objectValue?.keys ?? [] }).sorted()
        return Table(
            header: ["Keys"] + names,
            rows: keys.map { key in
                [key] + names.map { name in information[key]?[name].map { ValueText.cell($0, named: name) } ?? "" }
            })
    }
}

/// The command `coffer write`.
struct WriteCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer write [options] <path> [<key=value> ...]", "Write data to a path.",
        notes: "The value @file reads a file, and - reads the standard input. @file.json without a key is the whole body.",
        examples: "coffer write auth/token/roles/app period=24h", "coffer write -f sys/rotate",
        "coffer write identity/entity @entity.json")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(name: [.long, .customShort("f")], help: "Write without any data.") var force = false
    @Option(help: "Print only this field of the answer.") var field: String?
    @Argument(help: .init("The path, then key=value.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        let (path, data) = try PathArguments.body(arguments, needsData: !force, input: session.system.input)
        let response = try await session.call("Error writing data to \(path)") {
            // `sys/wrapping/wrap` always wraps, so it needs a TTL even without -wrap-ttl.
            let hasTTL = $0.configuration.wrapTTL != nil || path != "sys/wrapping/wrap"
            return try await $0.request(
                .put, path, body: .object(data), headers: hasTTL ? [] : [HeaderItem("X-Vault-Wrap-TTL", "5m")])
        }
        guard !response.body.isEmpty else {
            if field.unlessEmpty != nil { throw CommandFailure.local("The server returned no data, so there is no field to print") }
            return try session.printer.written(nil, to: path)
        }
        try Answer(response).write(to: session, path: path, field: field)
    }
}

/// The command `coffer patch`.
struct PatchCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer patch [options] <path> [<key=value> ...]", "Merge data into the record at a path.",
        notes: "A member that is null in a @file.json is removed.",
        examples: "coffer patch identity/entity/name/ann disabled=true")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(name: [.long, .customShort("f")], help: "Patch without any data.") var force = false
    @Option(help: "Print only this field of the answer.") var field: String?
    @Argument(help: .init("The path, then key=value.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        let (path, data) = try PathArguments.body(arguments, needsData: !force, input: session.system.input)
        let response = try await session.call("Error writing data to \(path)") {
            try await $0.request(.patch, path, body: .object(data), headers: [.mergePatch])
        }
        guard !response.body.isEmpty else { return try session.printer.written(nil, to: path) }
        try Answer(response).write(to: session, path: path, field: field)
    }
}

/// The command `coffer delete`.
struct DeleteCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer delete [options] <path> [<key=value> ...]", "Delete the data at a path.",
        notes: "Use `coffer kv delete` for secrets of a KV mount: it supports versions.",
        examples: "coffer delete auth/userpass/users/ann")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The path, then the query as key=value.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        let (path, query) = try PathArguments.query(arguments, input: session.system.input)
        let response = try await session.call("Error deleting \(path)") { try await $0.request(.delete, path, query: query) }
        try session.printer.deleted(response.secret, at: path)
    }
}
