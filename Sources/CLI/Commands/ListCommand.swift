internal import ArgumentParser
internal import CofferClient
internal import Syntax

struct ListCommand: SessionCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists the names below a path of the API.")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: ArgumentHelp("The path.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        try await Self.list(ArgumentText.requiredPath(arguments[0]), session: session)
    }

    /// Lists any path; also for `kv list`.
    static func list(_ path: String, query: [QueryItem] = [], session: Session) async throws {
        let found = try await session.call("Error listing \(path)") { try await $0.list(path, query: query) }
        guard let found else { throw CommandFailure.nothing(at: path) }
        if found.wrapInfo != nil { return try session.printer.secret(found) }
        session.printer.warnings(found.warnings)
        let keys = found.data?["keys"]?.arrayValue?.compactMap(\.stringValue) ?? []
        guard !keys.isEmpty else {
            if !session.printer.isTable { try session.printer.value([]) }
            throw session.printer.isTable ? CommandFailure.nothing(at: path) : CommandFailure.quiet(2)
        }
        try session.printer.list(keys)
    }
}
