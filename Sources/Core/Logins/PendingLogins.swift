import Crypto
import EngineKit
import Records
import Syntax

/// The logins that wait for a second factor.
///
/// Each is under the hash of its id, so that a reader of the disk learns no id. An index by time and entity lets expired ones be
/// found without reading them, and bounds what one entity can store.
struct PendingLogins: Sendable {
    /// How long a login waits, in seconds, as in Vault.
    static let secondsMax = 300
    /// The most logins of one entity that begin to wait in a minute.
    static let perEntityMax = 30
    /// The most entities whose logins begin to wait in a minute.
    static let entitiesMax = 2_000
    private static let idBytesMax = 128

    private let storage: any Storage
    private let records: RecordTable<PendingLogin>
    private let ends: ShortLived
    private let time: any TimeSource
    private let randomness: any Randomness

    /// The folders of the records and of their index, behind the barrier.
    private static let recordsPrefix = "sys/mfa-login/id/"
    private static let endsPrefix = "sys/mfa-login/end/"

    init(storage: any Storage, time: any TimeSource, randomness: any Randomness) {
        self.storage = storage
        records = RecordTable(storage: storage, prefix: Self.recordsPrefix)
        ends = ShortLived(storage: storage, prefix: Self.endsPrefix)
        self.time = time
        self.randomness = randomness
    }

    /// A login that waits, and the version of its record.
    struct Found: Sendable {
        var login: PendingLogin
        fileprivate var name: String
        fileprivate var unchanged: Batch.Precondition
    }

    /// Stores a login that waits from now on, and returns its id.
    func begin(_ login: PendingLogin) async throws -> String {
        var login = login
        login.expiresAt = time.now().seconds + Self.secondsMax
        let folder = Self.folder(of: login)
        guard try await ends.hasRoom(in: folder, perOwnerMax: Self.perEntityMax, ownersMax: Self.entitiesMax) else {
            throw CofferError.tooMany("too many logins wait for a second factor", inTheMinuteOf: login.expiresAt)
        }
        let id = randomness.uuid()
        var batch = Batch()
        records.put(Self.hash(id), login, if: .absent, into: &batch)
        batch.put(Self.endsPrefix + folder + Self.hash(id), [])
        try await storage.commit(batch)
        return id
    }

    /// Returns the login with an id, or nil if it does not exist, was completed, or waited too long.
    func find(_ id: String) async throws(StorageError) -> Found? {
        guard (1...Self.idBytesMax).contains(id.utf8.count) else { return nil }
        let name = Self.hash(id)
        guard let found = try await records.find(name), time.now().seconds < found.value.expiresAt else { return nil }
        return Found(login: found.value, name: name, unchanged: found.unchanged)
    }

    /// Adds the removal of a login to the batch that completes it, which fails if another one has.
    func remove(_ found: Found, in batch: inout Batch) {
        records.delete(found.name, if: found.unchanged, into: &batch)
        batch.delete(Self.endsPrefix + Self.folder(of: found.login) + found.name)
    }

    /// Removes a bounded number of logins that waited too long.
    func sweep() async throws {
        try await ends.sweep(at: time.now().seconds) { Self.recordsPrefix + $0 }
    }

    private static func folder(of login: PendingLogin) -> String {
        ShortLived.folder(endingAt: login.expiresAt, of: login.entityID)
    }
    private static func hash(_ id: String) -> String { Hex.encode(SHA256.hash(data: Array(id.utf8))) }
}
