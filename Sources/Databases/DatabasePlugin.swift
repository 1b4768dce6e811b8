package import DatabaseClients
package import EngineKit
package import Syntax

/// A kind of database: which settings it takes, and how its driver is made.
package struct DatabasePlugin: Sendable {
    /// As `plugin_name` has it.
    package var name: String
    package var summary: String
    package var fields: [Field]
    /// Fields that are stored and never shown.
    package var secretFields: Set<String>
    package var usernameTemplate: String
    package var usernameBytesMax: Int
    /// Refuses settings that no driver could be made from, without asking a server.
    package var make: @Sendable (DriverSettings) throws(DatabaseError) -> any DatabaseDriver
    /// Refuses statements that could never run.
    package var checkStatements: @Sendable ([String]) throws(DatabaseError) -> Void
    /// Settings as they may be shown: whatever is secret in them is masked or left out.
    package var shown: @Sendable (JSONObject) -> JSONObject
    /// What of the settings decides who gets our password: the server, and how it is known for the right one. It is given them
    /// as a driver is, each of its declared kind.
    package var destination: @Sendable (JSONObject) -> JSONObject

    package init(
        name: String, summary: String, fields: [Field], secretFields: Set<String>, usernameTemplate: String, usernameBytesMax: Int,
        make: @escaping @Sendable (DriverSettings) throws(DatabaseError) -> any DatabaseDriver,
        checkStatements: @escaping @Sendable ([String]) throws(DatabaseError) -> Void,
        shown: @escaping @Sendable (JSONObject) -> JSONObject = { $0 },
        destination: @escaping @Sendable (JSONObject) -> JSONObject = { $0 }
    ) {
        self.name = name
        self.summary = summary
        self.fields = fields
        self.secretFields = secretFields
        self.usernameTemplate = usernameTemplate
        self.usernameBytesMax = usernameBytesMax
        self.make = make
        self.checkStatements = checkStatements
        self.shown = shown
        self.destination = destination
    }

    /// A driver for these settings; no server is asked.
    package func driver(_ settings: DriverSettings) throws(DatabaseError) -> any DatabaseDriver { try make(settings) }

    /// What this build has.
    package static let builtIn: [DatabasePlugin] = [.postgreSQL, .redis]
}
