import CPostgres
import Syntax

/// The part of an error of PostgreSQL that callers may see: its SQLSTATE and, where the message only has names, the
/// message.
enum PostgresFailure {
    /// The classes and codes whose message names roles, tables, databases and rights, and does not repeat a statement.
    private static let speaking: Set<String> = [
        "42501", "42704", "42710", "42P01", "42703", "42883", "3D000", "3F000", "2BP01", "0LP01", "0P000", "53300", "55P03",
        "57014",
        "25006", "28000",
    ]

    private static let names: [String: String] = [
        "42601": "syntax error", "42501": "insufficient privilege", "42704": "undefined object", "42710": "duplicate object",
        "42P01": "undefined table", "25001": "it cannot run inside a transaction", "22023": "invalid parameter value",
        "57014": "query canceled", "55P03": "lock not available", "28P01": "invalid password", "3D000": "unknown database",
        "53300": "too many connections", "25006": "read-only transaction", "22008": "datetime out of range",
        "22007": "invalid datetime", "28000": "invalid authorization", "0A000": "not supported", "P0001": "an exception was raised",
        "57P03": "it is starting or stopping", "57P01": "it is stopping",
    ]

    static func statement(_ result: OpaquePointer) -> String {
        let code = field(result, 67) ?? "?????"
        let name = names[code].map { ": \($0)" } ?? ""
        guard speaking.contains(code), let message = field(result, 77), message.utf8.count <= 512 else {
            return "the database refused a statement (SQLSTATE \(code)\(name))"
        }
        return "the database refused a statement (SQLSTATE \(code)\(name)): \(message)"
    }

    /// Texts about certificates in messages of libpq, the more specific first.
    private static let certificates = [
        ("does not match host name", "the database server's certificate is for another host name"),
        ("certificate verify failed", "the database server's certificate is not of the authority in tls_ca, or has expired"),
        ("server does not support SSL", "the database server offers no TLS"),
        ("requires a valid client certificate", "the database server asks for a client certificate in tls_certificate"),
        ("certificate authentication failed", "the database server does not let this user in with our tls_certificate"),
        ("alert unknown ca", "the database server refused our tls_certificate: it does not know its authority"),
        ("alert certificate", "the database server refused our tls_certificate"),
        ("alert bad certificate", "the database server refused our tls_certificate"),
        ("key values mismatch", "private_key is not the key of tls_certificate"),
        ("does not match private key", "private_key is not the key of tls_certificate"),
        ("private key file", "private_key cannot be read"),
        ("root certificate file", "tls_ca cannot be read, or is missing although sslmode asks for it"),
        ("certificate file", "tls_certificate cannot be read"),
        ("certificate", "the database server's certificate was refused, or it refused ours"),
    ]

    /// Returns the kind of failure of a login. libpq's own text may hold any part of the connection string.
    static func connecting(_ connection: OpaquePointer?) -> String {
        let text = connection.flatMap { PQerrorMessage($0) }.map { String(cString: $0) } ?? ""
        let kinds =
            [
                ("password authentication failed", "the database refused the username or password"),
                ("Connection refused", "the database server cannot be reached: connection refused"),
                ("could not translate host name", "the database server's name cannot be resolved"),
                ("timeout expired", "the database server did not answer in time"),
                ("timed out", "the database server did not answer in time"),
                ("pg_hba.conf", "the database server does not let this user in"),
            ] + certificates + [
                ("SSL", "TLS with the database server failed"), ("does not exist", "the database or user does not exist"),
                ("too many", "the database server has too many connections"), ("starting up", "the database server is starting"),
                ("shutting down", "the database server is stopping"),
                ("not permitted to log in", "the database server does not let this user in"),
            ]
        return kinds.first { text.containsUTF8($0.0) }?.1 ?? "the database server cannot be reached"
    }

    /// Returns a field of an error. `PG_DIAG_SQLSTATE` is `C` and `PG_DIAG_MESSAGE_PRIMARY` is `M`; Swift does not import
    /// these macros.
    private static func field(_ result: OpaquePointer, _ code: Int32) -> String? {
        PQresultErrorField(result, code).map { String(cString: $0) }
    }
}
