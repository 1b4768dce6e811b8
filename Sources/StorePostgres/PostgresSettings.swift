import Syntax

/// How a store in PostgreSQL is reached and what its tables are called.
package struct PostgresSettings: Sendable, Hashable {
    /// A URL, or keywords and values of libpq; it may hold a password, so it is never shown.
    package var connectionURL: String
    /// What the names of the tables begin with.
    package var table = "coffer_store"
    /// Connections at the same time for reading.
    package var parallelMax = 16
    /// Of them, how many stay open while nobody needs them.
    package var idleMax = 4
    /// False for a node that must be the only one.
    package var allowsOthers = true

    package static let parallelRange = 1...128

    package init(connectionURL: String) { self.connectionURL = connectionURL }

    /// Lower case, so that nobody has to quote it in psql.
    package static func isTableName(_ name: String) -> Bool {
        guard let first = name.utf8.first, (1...40).contains(name.utf8.count) else { return false }
        let isLetter = { (byte: UInt8) in byte.isASCIILowercase || byte == UInt8(ascii: "_") }
        return isLetter(first) && name.utf8.allSatisfy { isLetter($0) || $0.isASCIIDigit }
    }
}

/// Why a store in PostgreSQL does not open. Texts never hold the connection's URL.
package enum PostgresStorageError: Error, Hashable, Sendable, CustomStringConvertible {
    case invalid(String)
    case unreachable(String)
    case newerSchema(version: Int)
    case foreignTable(String)
    case notAlone

    package var description: String {
        switch self {
        case .invalid(let reason): "storage \"postgresql\": \(reason)"
        case .unreachable(let reason): "the PostgreSQL store cannot be opened: \(reason)"
        case .newerSchema(let version):
            "the PostgreSQL store has schema \(version), which a newer Coffer made; this one knows \(Schema.version)"
        case .foreignTable(let name): "the table \(name) is there and is not a store of Coffer's; name another in \"table\""
        case .notAlone: "another node serves this store, and one of the two has ha_enabled = \"false\""
        }
    }
}
