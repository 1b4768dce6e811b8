import DatabaseClients
package import Databases
package import EngineKit
import Logging
import Records
import Synchronization
import Syntax

/// Users of databases, made for whoever asks and taken away when their lease ends; and passwords of users that stay,
/// changed on time.
///
/// Storage: `config/`, `role/`, `static-role/`, `due/` (static roles by the time of their next rotation) and `wal/`:
/// what has been begun at a database and is not known to be finished.
package struct DatabaseEngine: SecretsEngine, LeasedEngine, PeriodicEngine {
    let context: MountContext
    let drivers: Drivers
    let databases: RecordTable<DatabaseConfiguration>
    let roles: RecordTable<Role>
    let staticRoles: RecordTable<StaticRole>
    let intents: RecordTable<UserIntent>
    let lines = WriterQueues()
    let progress = Progress()
    /// Tells this process's unfinished work from that of one that died.
    let process: String

    package init(_ context: MountContext, plugins: [DatabasePlugin], process: String) {
        self.context = context
        self.process = process
        drivers = Drivers(plugins: plugins, time: context.time)
        databases = RecordTable(storage: context.storage, prefix: "config/")
        roles = RecordTable(storage: context.storage, prefix: "role/")
        staticRoles = RecordTable(storage: context.storage, prefix: "static-role/")
        intents = RecordTable(storage: context.storage, prefix: "wal/user/")
    }

    /// The description has an identifier of this process, so that an engine tells its unfinished work from that of another process.
    package static func description(
        plugins: [DatabasePlugin] = DatabasePlugin.builtIn, randomness: any Randomness = SystemRandomness()
    ) -> EngineDescription {
        let process = randomness.uuid()
        return EngineDescription(type: "database", summary: "Users of databases that come and go with leases.") { context in
            DatabaseEngine(context, plugins: plugins, process: process)
        }
    }

    package var paths: [EnginePath] {
        connectionPaths + rolePaths + credentialPaths + staticRolePaths + staticCredentialPaths
    }

    var now: Timestamp { context.time.now() }
    var storage: any Storage { context.storage }

    // MARK: What routes share

    static let nameField = Field("name", .string, required: true, "Letters, digits, '_', '-' and '.'.")

    /// The name in the path: nothing that a statement, a template or a listing could read differently.
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

    /// A list of statements, or one text with all of them.
    func statements(_ field: String, _ request: Request) throws(CofferError) -> [String]? {
        guard let value = request.fields.any(field) else { return nil }
        let texts: [String]?
        switch value {
        case .string(let text): texts = text.isEmpty ? [] : [text]
        case .array(let values):
            texts = values.count <= 100 ? values.compactMap(\.stringValue) : nil
            guard texts?.count == values.count else { throw .invalid("field '\(field)' must be a string or a list of strings") }
        default: texts = nil
        }
        guard let texts, texts.reduce(0, { $0 + $1.utf8.count }) <= 64 << 10 else {
            throw .invalid("field '\(field)' must be a string or a list of strings, of 64 KiB at most")
        }
        return texts.filter { !$0.isEmpty }
    }

    /// A database and its driver, once it is known which root password is in force.
    func database(_ name: String) async throws -> (configuration: DatabaseConfiguration, driver: Drivers.Entry) {
        guard var found = try await databases.find(name) else { throw Self.unknownConnection(name) }
        if found.value.pendingPassword != nil {
            try await settleRootPassword(of: name)
            guard let settled = try await databases.find(name) else { throw Self.unknownConnection(name) }
            found = settled
        }
        return (found.value, try drivers.entry(name, found))
    }

    static func unknownConnection(_ name: String) -> CofferError {
        .invalid("failed to find entry for connection with name: \"\(name)\"")
    }

    func password(policy: String) async throws -> String {
        policy.isEmpty ? PasswordPolicy.standard.makePassword(context.randomness) : try await context.makePassword(policy)
    }
}

/// What only this process needs to know of work that is under way.
final class Progress: Sendable {
    struct State {
        /// Users whose answer is on its way: their intent is only to be deleted.
        var handedOver: Set<String> = []
        /// Users of whom it is not known whether they were made.
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

    /// For what was tried with settings that came in the same request.
    static func refused(_ what: String, _ error: DatabaseError) -> CofferError { .invalid("\(what): \(error.message)") }
}
