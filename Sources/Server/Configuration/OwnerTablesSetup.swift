import StorePostgres

/// What a superuser of PostgreSQL runs before the server can keep records of owners there.
package enum OwnerTablesSetup {
    /// Returns the statements, or nil if `table` cannot be the prefix of the names of tables.
    package static func statements(table: String, login: String) -> String? {
        guard PostgresSettings.isTableName(table), !login.isEmpty else { return nil }
        return PostgresSettings.ownerTables(table: table, login: login)
    }
}
