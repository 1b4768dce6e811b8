import DatabaseClients
import Syntax

/// The address of a Redis server and how to log in.
struct RedisTarget: Sendable {
    /// The name or address of the server, which its certificate must have.
    var host: String
    /// The address to connect to; nil to look the host up.
    var address: String?
    var port: Int
    var username: String
    var password: String
    var tls: TLSTransport.Settings?
    var persistence: Persistence

    /// How the server saves users for its next start.
    enum Persistence: String, Sendable {
        case none = ""
        /// In the server's ACL file.
        case aclFile = "ACLFILE"
        /// In its configuration file.
        case rewrite = "REWRITE"
    }

    static let defaultPort = 6_379

    /// Creates a target to log in to without a user.
    init(host: String, port: Int) {
        self.host = host
        self.port = port
        username = ""
        password = ""
        persistence = .none
    }

    init(_ settings: DriverSettings) throws(DatabaseError) {
        let details = settings.details
        host = details["host"]?.stringValue ?? ""
        port = details["port"]?.intValue ?? Self.defaultPort
        guard !host.isEmpty, host.utf8.count <= 255, !host.utf8.contains(0) else { throw .invalid("host cannot be empty") }
        guard (1...65_535).contains(port) else { throw .invalid("port must be from 1 to 65535") }
        guard let persistence = Persistence(rawValue: details["persistence_mode"]?.stringValue ?? "") else {
            throw .invalid("persistence_mode must be ACLFILE, REWRITE or empty")
        }
        self.persistence = persistence
        username = settings.username
        password = settings.password
        guard details["tls"]?.boolValue ?? false else { return }
        tls = TLSTransport.Settings(
            authority: details["ca_cert"]?.stringValue ?? "", isUnverified: details["insecure_tls"]?.boolValue ?? false)
    }
}
