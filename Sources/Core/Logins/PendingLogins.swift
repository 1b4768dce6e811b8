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

    /// The folder of the records, behind the barrier.
    static let prefix = "sys/mfa-login/"
    private static let records = prefix + "id/"
    private static let ends = prefix + "end/"
    private static let idBytesMax = 128
    private static let sweptMax = 1_000

    let storage: any Storage
    let time: any TimeSource
    let randomness: any Randomness

    /// A login that waits, and the version of its record.
    struct Found: Sendable {
        var login: PendingLogin
        fileprivate var id: String
        fileprivate var version: UInt64
    }

    /// Stores a login that waits from now on, and returns its id.
    func begin(_ login: PendingLogin) async throws -> String {
        var login = login
        login.expiresAt = time.now().seconds + Self.secondsMax
        let folder = Self.folder(of: login)
        let minute = Self.minuteFolder(of: login)
        let own = try await storage.list(Listing(prefix: folder, limit: Self.perEntityMax))
        let entities = try await storage.list(Listing(prefix: minute, limit: Self.entitiesMax + 1))
        guard own.count < Self.perEntityMax, entities.count <= Self.entitiesMax else {
            throw CofferError.tooMany("too many logins wait for a second factor", inTheMinuteOf: login.expiresAt)
        }
        let id = randomness.uuid()
        var batch = Batch()
        batch.put(Self.records + Self.hash(id), login.encoded(), if: .absent)
        batch.put(folder + Self.hash(id), [])
        try await storage.commit(batch)
        return id
    }

    /// Returns the login with an id, or nil if it does not exist, was completed, or waited too long.
    func find(_ id: String) async throws(StorageError) -> Found? {
        guard (1...Self.idBytesMax).contains(id.utf8.count) else { return nil }
        let key = Self.records + Self.hash(id)
        guard let record = try await storage.get(key) else { return nil }
        guard let login = PendingLogin(decoding: record.value) else { throw .corrupted(key: key) }
        guard time.now().seconds < login.expiresAt else { return nil }
        return Found(login: login, id: id, version: record.version)
    }

    /// Adds the removal of a login to the batch that completes it, which fails if another one has.
    func remove(_ found: Found, in batch: inout Batch) {
        batch.delete(Self.records + Self.hash(found.id), if: .version(found.version))
        batch.delete(Self.folder(of: found.login) + Self.hash(found.id))
    }

    /// Removes a bounded number of logins that waited too long.
    func sweep() async throws {
        let now = time.now().seconds
        for name in try await storage.list(Listing(prefix: Self.ends)) {
            guard let minute = Int(name.removingUTF8Suffix("/") ?? name[...]), minute <= (now - 1) / 60 else { continue }
            let names = try await storage.list(Listing(prefix: Self.ends + name, limit: Self.sweptMax, isRecursive: true))
            guard !names.isEmpty else { continue }
            var batch = Batch()
            for login in names {
                batch.delete(Self.ends + name + login)
                if let hash = login.splitUTF8(at: "/").last { batch.delete(Self.records + hash) }
            }
            try await storage.commit(batch)
        }
    }

    private static func minuteFolder(of login: PendingLogin) -> String { "\(ends)\(login.expiresAt / 60 + 1)/" }
    private static func folder(of login: PendingLogin) -> String { minuteFolder(of: login) + login.entityID + "/" }
    private static func hash(_ id: String) -> String { Hex.encode(SHA256.hash(data: Array(id.utf8))) }
}
