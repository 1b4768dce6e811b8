import DatabaseClients
package import Databases
package import EngineKit
import Logging
import PasswordPolicies
import Records
import Synchronization
import Syntax

/// The `database` engine. It creates users of databases on request and drops them when their lease ends, and it changes the
/// passwords of permanent users regularly.
///
/// Storage: `config/`, `role/`, `static-role/`, `due/` (static roles by the time of their next rotation) and `wal/`
/// (changes that were begun at a database and are not known to be finished).
package struct DatabaseEngine: SecretsEngine, LeasedEngine, PeriodicEngine {
    let context: MountContext
    let drivers: Drivers
    let databases: RecordTable<DatabaseConfiguration>
    let roles: RecordTable<Role>
    let staticRoles: RecordTable<StaticRole>
    let intents: RecordTable<UserIntent>
    let lines = WriterQueues()
    let progress = Progress()
    /// An id of this process, which distinguishes its unfinished work from that of a process that died.
    let process: String

    /// Creates the engine for a mount.
    package init(_ context: MountContext, plugins: [DatabasePlugin], process: String) {
        self.context = context
        self.process = process
        drivers = Drivers(plugins: plugins, time: context.time)
        databases = RecordTable(storage: context.storage, prefix: "config/")
        roles = RecordTable(storage: context.storage, prefix: "role/")
        staticRoles = RecordTable(storage: context.storage, prefix: "static-role/")
        intents = RecordTable(storage: context.storage, prefix: "wal/user/")
    }

    /// Describes the engine to the catalog. Each process has an id, so that the unfinished work of others can be cleared up at once.
    package static func description(
        plugins: [DatabasePlugin] = DatabasePlugin.builtIn, randomness: any Randomness = SystemRandomness()
    ) -> EngineDescription {
        let process = randomness.uuid()
        return EngineDescription(type: "database", summary: "Creates users of databases with leases.") { context in
            DatabaseEngine(context, plugins: plugins, process: process)
        }
    }

    /// The declared paths.
    package var paths: [EnginePath] {
        connectionPaths + rolePaths + credentialPaths + staticRolePaths + staticCredentialPaths
    }

    var now: Timestamp { context.time.now() }
    var storage: any Storage { context.storage }

    // MARK: What routes share

    static let nameField = Field("name", .string, required: true, "Letters, digits, '_', '-' and '.'.")

    /// Returns the name in the path.
    ///
    /// - Throws: A refusal of a name that a statement, a template or a listing could read differently.
    func name(_ request: Request) throws(CofferError) -> String {
        let name = request.captures["name"]
        guard (1...128).contains(name.utf8.count), name.utf8.allSatisfy({ isWord($0) || $0 == 0x2D || $0 == 0x2E }),
            let first = name.utf8.first, let last = name.utf8.last, isWord(first), isWord(last)
        else {
            throw .invalid("a name may have letters, digits, '_', '-' and '.', and neither begins nor ends with '-' or '.'")
        }
        return name
    }

    private func isWord(_ byte: UInt8) -> Bool {
        byte.isASCIILetterOrDigit || byte == 0x5F
    }

    /// Returns a connection and its driver. If its root password is in doubt, that is settled first.
    func database(_ name: String) async throws -> (configuration: DatabaseConfiguration, driver: Drivers.Entry) {
        guard var found = try await databases.find(name) else { throw Self.unknownConnection(name) }
        if found.value.pendingPassword != nil {
            try await settleRootPassword(of: name)
            guard let settled = try await databases.find(name) else { throw Self.unknownConnection(name) }
            found = settled
        }
        return (found.value, try drivers.entry(name, found))
    }

    /// Returns what `body` returns. An error of the database becomes the refusal that the caller gets.
    func refusing<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as DatabaseError {
            throw CofferError(error)
        }
    }

    static func unknownConnection(_ name: String) -> CofferError {
        .invalid("failed to find entry for connection with name: \"\(name)\"")
    }

    func password(policy: String) async throws -> String {
        policy.isEmpty ? PasswordPolicy.standard.makePassword(context.randomness) : try await context.makePassword(policy)
    }
}

/// The state of this process's unfinished work.
final class Progress: Sendable {
    struct State {
        /// The records of users whose lease was stored. The records are still to be deleted.
        var handedOver: Set<String> = []
        /// The records of users of which it is unknown whether they were created.
        var abandoned: Set<String> = []
        var nextRecoveryAt = Timestamp(seconds: 0)
        var nextPruneAt = Timestamp(seconds: 0)
    }

    private let state = Mutex(State())

    func change<Result: Sendable>(_ body: (inout State) -> Result) -> Result { state.withLock { body(&$0) } }
}

extension CofferError {
    init(_ error: DatabaseError) {
        switch error {
        case .invalid: self = .invalid(error.message)
        case .busy, .unavailable, .uncertain: self.init(.unavailable, error.message)
        case .failed: self.init(.internal, error.message)
        }
    }

    /// Returns the refusal of settings that the database did not accept.
    static func refused(_ what: String, _ error: DatabaseError) -> CofferError { .invalid("\(what): \(error.message)") }
}
