import CPostgres
package import Syntax

/// The address of a PostgreSQL server and how to log in, parsed from `connection_url` by libpq itself.
package struct PostgresTarget: Sendable {
    /// The keywords of libpq and their values, including the password.
    package private(set) var parameters: [String: String]
    private let certificates: PostgresFiles?

    static let urlBytesMax = 8_192
    static let connectSecondsMax = 30

    /// The keywords that a connection_url may have. Others would read files of this machine or change how Coffer's sessions
    /// behave.
    private static let allowed: Set<String> = [
        "host", "hostaddr", "port", "dbname", "user", "password", "connect_timeout", "application_name", "sslmode", "sslsni",
        "sslcompression", "ssl_min_protocol_version", "ssl_max_protocol_version", "channel_binding", "target_session_attrs",
        "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout", "gssencmode", "sslrootcert",
        "load_balance_hosts", "require_auth", "client_encoding",
    ]

    /// The keywords that are allowed in the server's configuration only: files of this machine.
    private static let files: Set<String> = ["sslrootcert", "sslcert", "sslkey", "sslcrl", "sslpassword"]

    /// Parses a connection_url. `details` may have PEM texts: `tls_ca`, `tls_certificate` and `private_key`.
    package init(
        url: String, username: String = "", password: String = "", details: JSONObject = [:], allowsFiles: Bool = false
    ) throws(DatabaseError) {
        guard !url.isEmpty else { throw .invalid("connection_url cannot be empty") }
        guard url.utf8.count <= Self.urlBytesMax else { throw .invalid("connection_url is longer than \(Self.urlBytesMax) bytes") }
        // The values are inserted after libpq has parsed the text, so no character of theirs can change its meaning.
        let marked = url.replacingUTF8("{{username}}", with: Self.userMark).replacingUTF8("{{password}}", with: Self.passwordMark)
        var parameters = try Self.parse(marked)
        for (keyword, value) in parameters {
            parameters[keyword] = value.replacingUTF8(Self.userMark, with: username)
                .replacingUTF8(Self.passwordMark, with: password)
        }
        if parameters["user", default: ""].isEmpty, !username.isEmpty { parameters["user"] = username }
        if parameters["password", default: ""].isEmpty, !password.isEmpty { parameters["password"] = password }
        let allowed = allowsFiles ? Self.allowed.union(Self.files) : Self.allowed
        if let refused = parameters.keys.filter({ !allowed.contains($0) }).min() {
            throw .invalid("connection_url may not set \(refused)")
        }
        guard let certificate = parameters["sslrootcert"], certificate != "system", !allowsFiles else {
            self.parameters = parameters
            certificates = try PostgresFiles(details, &self.parameters)
            complete()
            if !allowsFiles { refuseOwnCredentials() }
            return
        }
        throw .invalid("connection_url may not name a file for sslrootcert: give the certificate in tls_ca")
    }

    private mutating func complete() {
        let asked = parameters["connect_timeout"].flatMap { Int($0) } ?? 5
        parameters["connect_timeout"] = String(min(max(asked, 2), Self.connectSecondsMax))
        parameters["client_encoding"] = "UTF8"
        if parameters["application_name", default: ""].isEmpty { parameters["application_name"] = "coffer" }
        // Password files and service files of this machine's users are not used.
        parameters["passfile"] = "/dev/null"
    }

    /// Sets what libpq would otherwise take from the environment and home folder of this process. A caller of the engine
    /// can choose the server, which would then receive the credentials of the server's own store.
    private mutating func refuseOwnCredentials() {
        // libpq treats an empty value as none.
        if parameters["password", default: ""].isEmpty { parameters["password"] = "none" }
        if parameters["sslcert", default: ""].isEmpty { parameters["sslcert"] = "/dev/null/none" }
    }

    /// Returns the parts of a connection_url that decide which server is used and how it is verified, or nil if the text
    /// cannot be parsed.
    package static func destination(_ url: String) -> [String: String]? {
        (try? parse(url))?.filter { !others.contains($0.key) }
    }

    /// Keywords that do not affect which server gets the password.
    private static let others: Set<String> = [
        "user", "password", "dbname", "connect_timeout", "application_name", "client_encoding", "keepalives", "keepalives_idle",
        "keepalives_interval", "keepalives_count", "tcp_user_timeout", "sslcompression",
    ]

    /// The user that logs in.
    package var user: String { parameters["user"] ?? "" }

    private static let userMark = "coffer-username-placeholder"
    private static let passwordMark = "coffer-password-placeholder"

    /// Parses a connection_url. The message of libpq for a text that it cannot parse holds parts of it, so it is not
    /// repeated.
    static func parse(_ url: String) throws(DatabaseError) -> [String: String] {
        var message: UnsafeMutablePointer<CChar>?
        let options = PQconninfoParse(url, &message)
        if let message { PQfreemem(message) }
        guard let options else { throw .invalid("connection_url cannot be read: it is neither a URL nor keywords and values") }
        defer { PQconninfoFree(options) }
        var parameters: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { parameters[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return parameters
    }

    /// Returns a connection_url in which a password is masked.
    package static func masked(_ url: String) -> String {
        guard let password = try? parse(url)["password"], !password.isEmpty, password != "{{password}}" else { return url }
        guard let scheme = url.rangeOfUTF8("://") else { return "*****" }
        let authority = url[scheme.upperBound...].prefixUTF8 { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        guard let at = authority.lastUTF8Index(of: "@"), let colon = authority[..<at].firstUTF8Index(of: ":") else {
            return "*****"
        }
        let shown = url[...colon] + "*****" + url[at...]
        return (try? parse(String(shown))["password"]) == "*****" ? String(shown) : "*****"
    }
}
