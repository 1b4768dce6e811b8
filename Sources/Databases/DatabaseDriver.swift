package import DatabaseClients
package import EngineKit
package import Syntax

/// One configured database server, as an engine uses it.
///
/// Every call is bounded in time. Deleting what is gone and renewing twice are no errors, because both come again
/// after a crash. An empty list of statements asks for the driver's own.
package protocol DatabaseDriver: Sendable {
    /// Logs in with the configured user.
    func verifyConnection() async throws(DatabaseError)

    /// All of the user or nothing of it, unless the error is `uncertain`.
    func createUser(_ user: NewUser) async throws(DatabaseError)

    /// Lets a user's password be good until then, where the server knows such a thing.
    func renewUser(_ name: String, until end: Timestamp, statements: [String]) async throws(DatabaseError)

    /// Fails for a user that is not there.
    func setPassword(of name: String, to password: String, statements: [String]) async throws(DatabaseError)

    func deleteUser(_ name: String, statements: [String]) async throws(DatabaseError)

    /// Closes connections that nobody uses and that are past their time.
    func prune()

    /// Closes every connection: those in use when they come back.
    func close()
}

package struct NewUser: Sendable {
    package var name: String
    package var password: String
    package var expiresAt: Timestamp
    package var creation: [String]
    /// Run after a failed creation.
    package var rollback: [String]

    package init(name: String, password: String, expiresAt: Timestamp, creation: [String], rollback: [String] = []) {
        self.name = name
        self.password = password
        self.expiresAt = expiresAt
        self.creation = creation
        self.rollback = rollback
    }
}

/// What a driver is made from.
package struct DriverSettings: Sendable {
    /// The plugin's own settings, secret ones too, by the names of its fields.
    package var details: JSONObject
    package var username: String
    package var password: String
    package var time: any TimeSource

    package init(details: JSONObject, username: String, password: String, time: any TimeSource) {
        self.details = details
        self.username = username
        self.password = password
        self.time = time
    }
}
