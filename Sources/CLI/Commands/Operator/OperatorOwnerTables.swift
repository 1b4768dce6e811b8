internal import ArgumentParser
internal import Server

/// The command `coffer operator owner-tables`.
struct OperatorOwnerTables: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer operator owner-tables [options] -login=<role>",
        "Print the statements that create the tables of users' secrets in PostgreSQL.",
        notes: """
            A superuser runs them once in the database of the store; running them again repairs what was changed. They protect \
            the records of each owner by row-level security, and the server refuses to start when something of it is missing. \
            The command asks no server.
            """,
        examples: "coffer operator owner-tables -login=coffer | psql -d coffer")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: .init("The role that the server logs in to PostgreSQL as.", valueName: "role")) var login: String
    @Option(help: .init("The prefix of the tables' names, as in the configuration.", valueName: "name"))
    var table = "coffer_store"
    @Argument(help: .hidden) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0)
        guard let statements = OwnerTablesSetup.statements(table: table, login: login) else {
            throw CommandFailure.local(
                "-table must be a name of lower-case letters, digits and _, at most 40 long, and -login must not be empty")
        }
        session.console.outputExactly(statements)
    }
}
