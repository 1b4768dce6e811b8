import Syntax

/// How to reach a store in PostgreSQL, and the names of its tables.
package struct PostgresSettings: Sendable, Hashable {
    /// A URL, or keywords and values of libpq. It may contain a password, so it is never shown.
    package var connectionURL: String
    /// The prefix of the names of the tables.
    package var table = "coffer_store"
    /// The number of connections that may read at the same time.
    package var parallelMax = 16
    /// The number of reading connections that stay open when idle.
    package var idleMax = 4
    /// Whether other nodes may serve the same store.
    package var allowsOthers = true

    /// The possible values of ``parallelMax``.
    package static let parallelRange = 1...128

    /// Creates the default settings for a server.
    package init(connectionURL: String) { self.connectionURL = connectionURL }

    /// The statements that a superuser runs once in the database, to create the tables of the records of owners with row-level
    /// security. They may be run again, and repair what was changed.
    ///
    /// - Parameters:
    ///   - table: The prefix of the names of tables, as in the configuration.
    ///   - login: The role that the server logs in as.
    package static func ownerTables(table: String, login: String) -> String {
        OwnerTables(table: table).setUp(login: login).map { $0 + ";\n" }.joined()
    }

    /// Returns whether a text may be the prefix of the names of tables. Only lower case is allowed,
    /// so the names need no quotes in psql.
    package static func isTableName(_ name: String) -> Bool {
        guard let first = name.utf8.first, (1...40).contains(name.utf8.count) else { return false }
        let isLetter = { (byte: UInt8) in byte.isASCIILowercase || byte == UInt8(ascii: "_") }
        return isLetter(first) && name.utf8.allSatisfy { isLetter($0) || $0.isASCIIDigit }
    }
}

/// The reason why a store in PostgreSQL cannot be opened. The description never contains the
/// connection URL.
package enum PostgresStorageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A setting is wrong.
    case invalid(String)
    /// The database refused or cannot be reached.
    case unreachable(String)
    /// A newer version of Coffer has changed the tables.
    case newerSchema(version: Int)
    /// A table with the name exists and does not belong to a store.
    case foreignTable(String)
    /// Row-level security for the records of owners was set up, and something of it is missing or was changed.
    case unsafeOwnerTables(String)
    /// Another node serves the store, and one of the two must be the only one.
    case notAlone

    /// What happened, and what to do about it.
    package var description: String {
        switch self {
        case .invalid(let reason): "storage \"postgresql\": \(reason)"
        case .unreachable(let reason): "the PostgreSQL store cannot be opened: \(reason)"
        case .newerSchema(let version):
            "the PostgreSQL store was written by a newer Coffer (schema \(version); this build knows \(Schema.version)): start the newer version"
        case .foreignTable(let name): "the table \(name) exists and does not belong to Coffer; choose another name with \"table\""
        case .unsafeOwnerTables(let reason):
            "the records of owners are not protected by row-level security: \(reason). Mend it with the statements of `coffer operator "
                + "owner-tables`, run by a superuser, and start again"
        case .notAlone:
            "another node serves this store, and one of the two has ha_enabled = \"false\"; stop that node, or set ha_enabled = \"true\" on both"
        }
    }
}
