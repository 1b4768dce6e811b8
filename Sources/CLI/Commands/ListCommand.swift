internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer list`.
struct ListCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer list [options] <path> [<key=value> ...]", "List the names below a path.",
        examples: "coffer list auth/approle/role", "coffer list -detailed sys/leases/lookup/auth/userpass/login/ann")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(help: "Show the details of each name, if the server returns them.") var detailed = false
    @Argument(help: .init("The path, then the query as key=value.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(atLeast: 1)
        let path = try ArgumentText.requiredPath(arguments[0])
        let query = try QueryArguments.parse(arguments.dropFirst(), input: session.system.input)
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
