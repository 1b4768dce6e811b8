package import DatabaseClients
package import EngineKit
package import Syntax

/// A type of database: its settings, and how its driver is created.
package struct DatabasePlugin: Sendable {
    /// The name that `plugin_name` selects it by.
    package var name: String
    /// The description, in one sentence.
    package var summary: String
    /// The settings.
    package var fields: [Field]
    /// The fields that are stored and never shown.
    package var secretFields: Set<String>
    /// The template of usernames for connections without one. See ``UsernameTemplate``.
    package var usernameTemplate: String
    /// The longest username that the server takes, in bytes.
    package var usernameBytesMax: Int
    /// Creates a driver without contacting a server. Refuses settings that cannot be used.
    package var make: @Sendable (DriverSettings) throws(DatabaseError) -> any DatabaseDriver
    /// Refuses statements that can never run.
    package var checkStatements: @Sendable ([String]) throws(DatabaseError) -> Void
    /// Returns the settings as they may be shown. Secrets are masked or left out.
    package var shown: @Sendable (JSONObject) -> JSONObject
    /// Returns the settings that decide which server gets the password and how it is verified. Each setting has the type of
    /// its declared field.
    package var destination: @Sendable (JSONObject) -> JSONObject

    /// Creates a kind of database.
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

    /// Creates a driver for these settings without contacting a server.
    package func driver(_ settings: DriverSettings) throws(DatabaseError) -> any DatabaseDriver { try make(settings) }

    /// The plugins of this build.
    package static let builtIn: [DatabasePlugin] = [.postgreSQL, .redis]
}
