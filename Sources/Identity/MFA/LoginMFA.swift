package import EngineKit
import Records
import Synchronization
import Syntax

/// Second proofs of logins: methods, the enforcements that demand them, and the secrets of entities.
///
/// Methods and enforcements are kept in memory, because every login asks for them. A change, on any node, reads them again before it
/// is answered.
package final class LoginMFA: Sendable {
    let storage: any Storage
    let time: any TimeSource
    let randomness: any Randomness
    let queues = WriterQueues()
    private let state = UnfairLock(Rules())
    private let isAny = Atomic(false)

    /// Methods and enforcements as they are stored.
    struct Rules: Sendable {
        /// The methods by id.
        var methods: [String: TOTPMethod] = [:]
        /// The enforcements in the order of their names.
        var enforcements: [LoginEnforcement] = []
        /// The keys of enforcements that cannot be read.
        var damaged: [String] = []
        /// Whether the store may say something else, because reading it failed.
        var isOutdated = false
    }

    /// The key of the record that every change of methods and enforcements writes, relative to identity's part of the storage.
    package static var generationKey: String { MFAKeys.generation }

    /// The largest number of methods, and of enforcements.
    static let rulesMax = 500

    init(storage: any Storage, time: any TimeSource, randomness: any Randomness) {
        self.storage = storage
        self.time = time
        self.randomness = randomness
    }

    var rules: Rules { state.withLock { $0 } }

    // MARK: Reading

    /// Reads the methods and enforcements from the store. If that fails, no login is let in until they were read.
    package func load() async throws {
        try await queues.inTurn(MFAKeys.generation) {
            do {
                let loaded = try await stored()
                state.withLock { $0 = loaded }
                isAny.store(!loaded.enforcements.isEmpty || !loaded.damaged.isEmpty, ordering: .releasing)
            } catch {
                state.withLock { $0.isOutdated = true }
                isAny.store(true, ordering: .releasing)
                throw error
            }
        }
    }

    /// Reads them again if that failed before. The server calls it every second.
    package func loadIfOutdated() async throws { if isOutdated { try await load() } }

    /// Whether the methods and enforcements may have changed without this node knowing how. No login is let in then.
    package var isOutdated: Bool { isAny.load(ordering: .acquiring) && rules.isOutdated }

    private func stored() async throws -> Rules {
        var rules = Rules()
        for id in try await storage.list(Listing(prefix: MFAKeys.methods)) {
            // An enforcement is not satisfied by a method that cannot be read, so this one may be left out.
            guard let record = try await readable(MFAKeys.method(id)), var method = TOTPMethod(decoding: record.value) else {
                continue
            }
            method.id = id
            rules.methods[id] = method
        }
        for name in try await storage.list(Listing(prefix: MFAKeys.enforcements)) {
            guard let record = try await readable(MFAKeys.enforcement(name)),
                var enforcement = LoginEnforcement(decoding: record.value)
            else {
                rules.damaged.append(MFAKeys.enforcement(name))
                continue
            }
            enforcement.name = name
            rules.enforcements.append(enforcement)
        }
        return rules
    }

    /// Returns a record, or nil if there is none or it is damaged.
    private func readable(_ key: String) async throws(StorageError) -> StoredRecord? {
        do throws(StorageError) {
            return try await storage.get(key)
        } catch .corrupted {
            return nil
        } catch {
            throw error
        }
    }

    /// The keys of enforcements that cannot be read. No login is let in as long as there are any, because it is not known which
    /// of them would have to be proven.
    package var damagedKeys: [String] { rules.damaged }

    // MARK: Deciding

    /// Returns what a login must satisfy; empty for most logins.
    ///
    /// - Parameters:
    ///   - accessor: The accessor of the auth mount.
    ///   - type: The type of the auth mount.
    ///   - entity: Who logs in; nil if the login has no entity.
    package func constraints(
        accessor: String, type: String, entity: ResolvedEntity?
    ) throws(CofferError) -> [MFARequirement.Constraint] {
        guard isAny.load(ordering: .acquiring) else { return [] }
        let rules = rules
        guard !rules.isOutdated else {
            throw CofferError(
                .unavailable,
                "no login is let in, because it could not be read which of them need a second factor; the server reads it again "
                    + "every second")
        }
        if let key = rules.damaged.first {
            throw CofferError(
                .internal,
                "no login is let in, because a stored enforcement of second factors is damaged (\(key)): write it again or delete it"
            )
        }
        return rules.enforcements.filter { $0.applies(accessor: accessor, type: type, entity: entity) }
            .map { enforcement in
                .init(name: enforcement.name, methods: enforcement.methodIDs.compactMap { rules.methods[$0]?.required })
            }
    }

    /// Runs a change of methods and enforcements, one after the other on this node and excluding each other over nodes, and reads
    /// them again.
    func changeRules<Result>(_ decide: (inout IdentityTransaction) async throws -> Result) async throws -> Result {
        try await changeAndLoad {
            try await queues.inTurn("change") {
                try await storage.transact { batch in
                    var transaction = IdentityTransaction(storage)
                    let count = try await transaction.text(MFAKeys.generation).flatMap { Int($0) } ?? 0
                    transaction.put(MFAKeys.generation, text: String(count &+ 1))
                    let result = try await decide(&transaction)
                    batch = transaction.batch
                    return result
                }
            }
        } load: {
            try await load()
        }
    }
}

/// The keys of the records, relative to identity's part of the storage.
enum MFAKeys {
    static let methods = "mfa/method/"
    static let enforcements = "mfa/enforcement/"
    /// A counter that increases with every change of methods and enforcements.
    static let generation = "mfa/generation"

    static func method(_ id: String) -> String { methods + id }
    static func enforcement(_ name: String) -> String { enforcements + name }
    /// The index entry of a method's name, which holds its id.
    static func methodName(_ name: String) -> String { "mfa/method-name/" + Hex.encode(name.utf8) }
    /// The secrets of a method, by the ids of entities.
    static func secrets(ofMethod method: String) -> String { "mfa/secret/\(method)/" }
    static func secret(_ method: String, entity: String) -> String { secrets(ofMethod: method) + entity }
    /// The index of the methods that an entity has a secret for.
    static func enrolled(_ entity: String) -> String { "mfa/enrolled/\(entity)/" }
}
