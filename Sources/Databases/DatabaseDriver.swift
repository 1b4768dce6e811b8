package import DatabaseClients
package import EngineKit
package import Syntax

/// A configured database server, as an engine uses it.
///
/// Every call is bounded in time. Dropping a user that is gone and renewing one twice are not errors, because both are
/// repeated after a crash. An empty list of statements means the driver's own.
package protocol DatabaseDriver: Sendable {
    /// Logs in with the configured user.
    func verifyConnection() async throws(DatabaseError)

    /// Creates a user completely or not at all, unless the error is `uncertain`.
    func createUser(_ user: NewUser) async throws(DatabaseError)

    /// Extends the time until which a user's password is valid, if the server has such a time.
    func renewUser(_ name: String, until end: Timestamp, statements: [String]) async throws(DatabaseError)

    /// Changes the password of a user. Fails if the user does not exist.
    func setPassword(of name: String, to password: String, statements: [String]) async throws(DatabaseError)

    /// Drops a user. Dropping one that does not exist is not an error.
    func deleteUser(_ name: String, statements: [String]) async throws(DatabaseError)

    /// Closes idle connections that have reached their lifetime.
    func prune()

    /// Closes all connections: idle ones at once, those in use when they are returned.
    func close()
}

/// A user to create.
package struct NewUser: Sendable {
    /// The name, which is safe in a statement.
    package var name: String
    /// The password.
    package var password: String
    /// When the user's password stops being valid, if the server has such a time.
    package var expiresAt: Timestamp
    /// The statements that create the user.
    package var creation: [String]
    /// The statements that run after a failed creation.
    package var rollback: [String]

    /// Creates the description of a user.
    package init(name: String, password: String, expiresAt: Timestamp, creation: [String], rollback: [String] = []) {
        self.name = name
        self.password = password
        self.expiresAt = expiresAt
        self.creation = creation
        self.rollback = rollback
    }
}

/// The settings from which a driver is created.
package struct DriverSettings: Sendable {
    /// The settings of the plugin by the names of its fields, including secret ones.
    package var details: JSONObject
    /// The user that logs in.
    package var username: String
    /// The password of that user.
    package var password: String
    /// The time by which connections age.
    package var time: any TimeSource

    /// Creates the settings of a driver.
    package init(details: JSONObject, username: String, password: String, time: any TimeSource) {
        self.details = details
        self.username = username
        self.password = password
        self.time = time
    }
}
