import DatabaseClients
import EngineKit
import Syntax

extension DatabasePlugin {
    static let postgreSQL = DatabasePlugin(
        name: "postgresql-database-plugin", summary: "PostgreSQL, through libpq.",
        fields: [
            Field(
                "connection_url", .string,
                "A URL or keywords and values of libpq; {{username}} and {{password}} stand for the fields of that name."),
            Field("password_authentication", .string, "password, or scram-sha-256 to send the server verifiers only."),
            Field("tls_ca", .string, "PEM of the authority that the server's certificate comes from."),
            Field("tls_certificate", .string, "PEM of our certificate."), Field("private_key", .string, "PEM of its key."),
            Field("tls_certificate_key", .string, "The same as private_key."),
            Field("disable_escaping", .bool, deprecated: true, "Has no effect: values need no escaping."),
        ] + PoolSettings.fields,
        secretFields: ["private_key", "tls_certificate_key"],
        usernameTemplate:
            #"{{ printf "v-%s-%s-%s-%s" (.DisplayName | truncate 8) (.RoleName | truncate 8) (random 20) (unix_time) | truncate 63 }}"#,
        usernameBytesMax: 63,
        make: { settings throws(DatabaseError) in
            var settings = settings
            if let key = settings.details["tls_certificate_key"] { settings.details["private_key"] = key }
            return try PostgresDriver(settings)
        },
        checkStatements: { statements throws(DatabaseError) in _ = try SQLScript.statements(statements) },
        shown: { details in
            var shown = details
            if let url = details["connection_url"]?.stringValue { shown["connection_url"] = .string(PostgresTarget.masked(url)) }
            return shown
        },
        destination: { details in
            let url = details["connection_url"]?.stringValue ?? ""
            var destination: JSONObject = ["tls_ca": details["tls_ca"] ?? ""]
            // A text that cannot be parsed equals only itself.
            guard let parameters = PostgresTarget.destination(url) else { return ["unreadable": .string(url)] }
            for (keyword, value) in parameters { destination[keyword] = .string(value) }
            return destination.sorted()
        })
}
