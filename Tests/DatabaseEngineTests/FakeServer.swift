import DatabaseClients
import Databases
import EngineKit
import Synchronization
import Syntax

/// A database in memory, with a plan of what goes wrong when.
final class FakeServer: Sendable {
    struct State {
        /// Users and their passwords, our own among them.
        var users: [String: String] = ["admin": "first"]
        var isAway = false
        /// So many changes fail with this.
        var failures: [DatabaseError] = []
        /// The next changes happen, and the caller is told that nobody knows.
        var uncertainLeft = 0
        /// Changes until everything stops, as after a crash of our process.
        var stepsLeft: Int?
        var ends: [String: Timestamp] = [:]
        var asked: [String] = []
    }

    let state = Mutex(State())

    func set(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }
    var users: [String: String] { state.withLock { $0.users } }
    var leased: Set<String> { Set(users.keys).subtracting(["admin", "app"]) }
    var asked: [String] { state.withLock { $0.asked } }
    func end(of name: String) -> Timestamp? { state.withLock { $0.ends[name] } }

    /// One point at which the process may die. False when it is dead.
    func step() -> Bool {
        state.withLock { state in
            guard let left = state.stepsLeft else { return true }
            state.stepsLeft = max(0, left - 1)
            return left > 0
        }
    }

    func revive() { set { $0.stepsLeft = nil } }
    var isDead: Bool { state.withLock { $0.stepsLeft == 0 } }

    var plugin: DatabasePlugin {
        DatabasePlugin(
            name: "fake-database-plugin", summary: "A test's.",
            fields: [Field("connection_url", .string, "Anything."), Field("key", .string, "A secret.")], secretFields: ["key"],
            usernameTemplate: "v-{{.RoleName}}-{{random 8}}", usernameBytesMax: 63,
            make: { [self] settings throws(DatabaseError) in
                FakeDriver(server: self, username: settings.username, password: settings.password)
            },
            checkStatements: { statements throws(DatabaseError) in
                if statements.contains("broken") { throw .invalid("a statement is broken") }
            })
    }
}

struct FakeDriver: DatabaseDriver {
    let server: FakeServer
    let username: String
    let password: String

    private func change(_ what: String, _ body: (inout FakeServer.State) throws(DatabaseError) -> Void) throws(DatabaseError) {
        // Before anything reaches the server, then after: a crash in between leaves the change made and nobody told.
        guard server.step() else { throw .unavailable("dead") }
        let isUncertain = try server.state.withLock { state throws(DatabaseError) -> Bool in
            guard !state.isAway else { throw .unavailable("the database server cannot be reached") }
            guard state.users[username] == password else { throw .unavailable("the database refused the username or password") }
            if !state.failures.isEmpty { throw state.failures.removeFirst() }
            state.asked.append(what)
            try body(&state)
            guard state.uncertainLeft > 0 else { return false }
            state.uncertainLeft -= 1
            return true
        }
        guard server.step() else { throw .uncertain("dead") }
        if isUncertain { throw .uncertain("the database was lost in the middle of a change") }
    }

    func verifyConnection() async throws(DatabaseError) { try change("verify") { _ in } }

    func createUser(_ user: NewUser) async throws(DatabaseError) {
        try change("create") { state in
            state.users[user.name] = user.password
            state.ends[user.name] = user.expiresAt
        }
    }

    func renewUser(_ name: String, until end: Timestamp, statements: [String]) async throws(DatabaseError) {
        try change("renew") { state in state.ends[name] = end }
    }

    func setPassword(of name: String, to password: String, statements: [String]) async throws(DatabaseError) {
        try change("password") { state throws(DatabaseError) in
            guard state.users[name] != nil else { throw .failed("the user does not exist in the database") }
            state.users[name] = password
        }
    }

    func deleteUser(_ name: String, statements: [String]) async throws(DatabaseError) {
        try change("delete " + statements.joined()) { state in state.users[name] = nil }
    }

    func prune() {}
    func close() {}
}

/// Commits that stop with the process: each is a point to die at, before and after.
struct MortalStorage: Storage {
    let base: any Storage
    let server: FakeServer

    func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        guard !server.isDead else { throw .unavailable("dead") }
        return try await base.get(key)
    }

    func list(_ listing: Listing) async throws(StorageError) -> [String] {
        guard !server.isDead else { throw .unavailable("dead") }
        return try await base.list(listing)
    }

    func commit(_ batch: Batch) async throws(StorageError) {
        guard server.step() else { throw .unavailable("dead") }
        try await base.commit(batch)
        guard server.step() else { throw .unavailable("dead") }
    }
}
