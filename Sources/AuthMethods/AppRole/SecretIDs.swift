import EngineKit
import Records
import Syntax

/// The secret ids of a mount. Every change is one atomic batch.
///
/// The name of a record is its role's uid and the HMAC of the secret id, and that of an accessor also has the uid, so no
/// secret id can be found through another role.
struct SecretIDs: Sendable {
    let storage: any Storage
    let key: MountKey
    let time: any TimeSource
    let randomness: any Randomness
    private let lines = WriterQueues()

    struct Found: Sendable {
        var roleUID: String
        var hash: String
        var secret: SecretID
        var version: UInt64

        var key: String { AppRoleKeys.secret(roleUID, hash) }
    }

    // MARK: Finding

    /// Returns the secret id, or nil if there is none or it has expired, whether or not its record has been removed.
    func find(_ text: String, roleUID: String) async throws(StorageError) -> Found? {
        try await find(hash: try await hash(text, roleUID: roleUID), roleUID: roleUID)
    }

    func find(accessor: String, roleUID: String) async throws(StorageError) -> Found? {
        guard SecretIDs.isPlausible(accessor: accessor),
            let record = try await storage.get(AppRoleKeys.accessor(roleUID, accessor))
        else { return nil }
        return try await find(hash: String(decoding: record.value, as: UTF8.self), roleUID: roleUID)
    }

    private func find(hash: String, roleUID: String) async throws(StorageError) -> Found? {
        let key = AppRoleKeys.secret(roleUID, hash)
        guard let record = try await storage.get(key) else { return nil }
        let secret = try SecretID(decoding: record.value, key: key)
        guard secret.isValid(at: time.now()) else { return nil }
        return Found(roleUID: roleUID, hash: hash, secret: secret, version: record.version)
    }

    func accessors(of roleUID: String, _ paging: Paging) async throws(StorageError) -> [String] {
        try await storage.list(Listing(prefix: AppRoleKeys.accessor(roleUID, ""), paging))
    }

    private func hash(_ text: String, roleUID: String) async throws(StorageError) -> String {
        try await key.hash("secret-id/v1", roleUID, text)
    }

    /// Whether the text has the form of ``Randomness/uuid()``. No other text names a record.
    private static func isPlausible(accessor: String) -> Bool {
        accessor.utf8.count == 36
            && accessor.utf8.allSatisfy { $0.isLowercaseHexDigit || $0 == 0x2D }
    }

    // MARK: Changing

    /// Adds a secret id to a batch, on condition that the role does not change. Returns nil if the same secret id exists
    /// already.
    func make(
        _ text: String, terms: SecretIDTerms, role: AppRole, roleVersion: UInt64, in batch: inout Batch
    ) async throws(StorageError) -> SecretID? {
        let hash = try await hash(text, roleUID: role.uid)
        let name = AppRoleKeys.secret(role.uid, hash)
        let now = time.now()
        let secret = SecretID(accessor: randomness.uuid(), terms: terms, at: now)
        if let record = try await storage.get(name) {
            let old = try SecretID(decoding: record.value, key: name)
            guard !old.isValid(at: now) else { return nil }
            // An expired secret id whose record is still there is replaced.
            unindex(old, hash: hash, roleUID: role.uid, in: &batch)
            batch.put(name, secret.encoded, if: .version(record.version))
        } else {
            batch.put(name, secret.encoded, if: .absent)
        }
        batch.put(AppRoleKeys.accessor(role.uid, secret.accessor), Array(hash.utf8), if: .absent)
        if let expiresAt = secret.expiresAt { batch.put(AppRoleKeys.expiry(expiresAt, role.uid, hash: hash), []) }
        batch.check(AppRoleKeys.roles + role.name, .version(roleVersion))
        return secret
    }

    /// Spends one use of a secret id. If many logins do so at the same time, exactly as many succeed as there are uses.
    ///
    /// - Parameter isAllowed: Whether the login may proceed, given the record at the time of the use. If not, no use is
    ///   spent.
    /// - Returns: The secret id, or nil if there is none with a use left or `isAllowed` is false.
    func spend(_ text: String, roleUID: String, isAllowed: @Sendable (SecretID) -> Bool) async throws -> SecretID? {
        guard let found = try await find(text, roleUID: roleUID), isAllowed(found.secret) else { return nil }
        guard found.secret.usesLeft > 0 else { return found.secret }
        return try await lines.inTurn(found.key) {
            try await storage.transact { batch throws(StorageError) -> SecretID? in
                guard var found = try await find(text, roleUID: roleUID), isAllowed(found.secret) else { return nil }
                if found.secret.usesLeft > 1 {
                    found.secret.usesLeft -= 1
                    found.secret.updatedAt = time.now()
                    batch.put(found.key, found.secret.encoded, if: .version(found.version))
                } else {
                    remove(found, in: &batch)
                }
                return found.secret
            }
        }
    }

    func destroy(_ found: Found) async throws {
        try await lines.inTurn(found.key) {
            try await storage.transact { batch throws(StorageError) in
                guard let current = try await find(hash: found.hash, roleUID: found.roleUID) else { return }
                remove(current, in: &batch)
            }
        }
    }

    private func remove(_ found: Found, in batch: inout Batch) {
        batch.delete(found.key, if: .version(found.version))
        unindex(found.secret, hash: found.hash, roleUID: found.roleUID, in: &batch)
    }

    private func unindex(_ secret: SecretID, hash: String, roleUID: String, in batch: inout Batch) {
        batch.delete(AppRoleKeys.accessor(roleUID, secret.accessor))
        if let expiresAt = secret.expiresAt { batch.delete(AppRoleKeys.expiry(expiresAt, roleUID, hash: hash)) }
    }
}
