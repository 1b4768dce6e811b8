import Crypto
import DatabaseClients
import EngineKit
import Syntax

/// The driver of Redis and Valkey. The server is sent digests of passwords, never the passwords.
struct RedisDriver: DatabaseDriver {
    private let pool: ConnectionPool<RedisConnection>
    private let persistence: RedisTarget.Persistence
    private let user: String

    init(_ settings: DriverSettings) throws(DatabaseError) {
        let target = try RedisTarget(settings)
        persistence = target.persistence
        user = target.username.isEmpty ? "default" : target.username
        pool = ConnectionPool(limits: try PoolSettings(settings.details).limits(), time: settings.time) {
            () throws(DatabaseError) in
            try RedisConnection(target)
        }
    }

    func verifyConnection() async throws(DatabaseError) { try await run([["PING"]]) }

    func createUser(_ user: NewUser) async throws(DatabaseError) {
        let rules = try RedisRules.parse(user.creation)
        guard !rules.isEmpty else { throw .invalid("the role has no creation_statements") }
        try await run([["ACL", "SETUSER", user.name, "reset", "on", Self.digest(user.password)] + rules] + saving)
    }

    /// Does nothing: users of Redis do not expire.
    func renewUser(_ name: String, until end: Timestamp, statements: [String]) async throws(DatabaseError) {}

    func setPassword(of name: String, to password: String, statements: [String]) async throws(DatabaseError) {
        let saving = saving
        try await pool.use { connection throws(DatabaseError) in
            // SETUSER would create the user.
            switch try connection.command(["ACL", "GETUSER", name]) {
            case .none: throw .failed("the user does not exist in the database")
            case .error(let kind): throw Self.refusal(kind)
            case .text, .number, .list: break
            }
            try Self.run([["ACL", "SETUSER", name, "resetpass", Self.digest(password)]] + saving, connection)
        }
    }

    func deleteUser(_ name: String, statements: [String]) async throws(DatabaseError) {
        guard name != user, name != "default" else {
            throw .invalid("this is the user that Coffer logs in with, which cannot be dropped")
        }
        try await run([["ACL", "DELUSER", name]] + saving)
    }

    func prune() { pool.prune() }
    func close() { pool.close() }

    private var saving: [[String]] {
        switch persistence {
        case .none: []
        case .aclFile: [["ACL", "SAVE"]]
        case .rewrite: [["CONFIG", "REWRITE"]]
        }
    }

    private func run(_ commands: [[String]]) async throws(DatabaseError) {
        try await pool.use { connection throws(DatabaseError) in try Self.run(commands, connection) }
    }

    private static func run(_ commands: [[String]], _ connection: RedisConnection) throws(DatabaseError) {
        for (index, command) in commands.enumerated() {
            guard case .error(let kind) = try connection.command(command) else { continue }
            if index == 0 { throw refusal(kind) }
            // The change was made but not saved, so it would be lost when the server restarts.
            throw .uncertain("the database made the change but could not save it (\(kind)); see persistence_mode")
        }
    }

    private static func refusal(_ kind: String) -> DatabaseError {
        switch kind {
        case "NOPERM": .failed("the database refused: our user may not run ACL commands")
        case "NOAUTH", "WRONGPASS": .failed("the database refused the username or password")
        default: .failed("the database refused the command (\(kind)); see the role's rules")
        }
    }

    /// Returns the rule that sets a password by its digest: `#` and the SHA-256 in hex.
    private static func digest(_ password: String) -> String {
        "#" + Hex.encode(SHA256.hash(data: Array(password.utf8)))
    }
}
