import EngineKit
import Logging
import Records

/// Seals everything of an owner again with a new version of its data key.
///
/// The leader does it a few secrets at a time. Each secret is one batch together with its earlier values, so a crash leaves every
/// value under a version that is still there; the old version is removed when nothing is sealed with it any more.
struct KeyRotation: Sendable {
    let store: SecretStore
    let logger: Logger

    /// The folder of the owners whose values are being sealed again.
    static let folder = "rotating/"
    private static let ownersMax = 100
    /// The number of secrets of a round.
    private static let secretsMax = 2_000

    /// Makes a new version of an owner's data key, and returns its number. Returns nil if there is no such owner.
    func begin(_ records: OwnedRecords) async throws -> Int? {
        // A crash after this finds nothing to seal again, and takes the mark away.
        try await store.storage.put(Self.folder + records.owner.text, [])
        return try await records.change { changes in
            guard let opened = try await store.keys.open(records) else { return nil }
            guard opened.keys.versions.count == 1 else { throw UserSecretsFailure.rotating }
            let keys = try await store.keys.adding(to: opened)
            changes.put(.keys, keys, if: opened.unchanged)
            return keys.currentNumber
        }
    }

    /// Seals some secrets of each such owner again.
    func runRound() async throws {
        for name in try await store.storage.list(Listing(prefix: Self.folder, limit: Self.ownersMax)) {
            guard let owner = try? Owner(name) else { continue }
            if try await run(store.records(of: owner)) { try await store.storage.delete(Self.folder + name) }
        }
    }

    /// Seals some secrets of an owner again. Returns whether nothing is left to do.
    private func run(_ records: OwnedRecords) async throws -> Bool {
        guard let opened = try await store.keys.open(records), opened.keys.versions.count > 1 else { return true }
        var (left, isDamaged) = (Self.secretsMax, false)
        // A deleted secret goes from the first folder to the second, and one that is taken back is sealed with the new key.
        for folder in [OwnedRecords.Folder.secrets, .trash] {
            var after: String?
            while true {
                let names = try await records.names(in: folder, after: after)
                for id in names.compactMap({ SecretID($0) }) {
                    if Task.isCancelled || left == 0 { return false }
                    do {
                        if try await reseal(id, in: folder, of: records) { left -= 1 }
                    } catch StorageError.corrupted(let key) {
                        logger.error(
                            "a damaged record cannot be sealed again, so its owner's older key is kept: restore it and rotate again",
                            metadata: ["record": "\(key)"])
                        isDamaged = true
                    }
                }
                guard names.count == StorageLimits.pageMax else { break }
                after = names.last
            }
        }
        guard left == Self.secretsMax else { return false }
        guard !isDamaged else { return true }
        // A whole pass found nothing under an older version.
        try await records.change { changes in
            guard let opened = try await store.keys.open(records) else { return }
            changes.put(.keys, opened.keys.withoutOlder, if: opened.unchanged)
        }
        return true
    }

    /// Seals a secret and its earlier values again. Returns whether there was something to do.
    private func reseal(_ id: SecretID, in folder: OwnedRecords.Folder, of records: OwnedRecords) async throws -> Bool {
        try await store.change(records) { changes in
            guard let opened = try await store.keys.open(records) else { return (false, []) }
            let current = opened.keys.currentNumber
            if folder == .trash {
                guard var found = try await records.find(.trash(id), as: TrashedSecret.self) else { return (false, []) }
                guard try await seal(&found.value.secret, with: opened, to: current, in: records, into: &changes) else {
                    return (false, [])
                }
                changes.put(.trash(id), found.value, if: found.unchanged)
            } else {
                guard var found = try await records.find(.secret(id), as: UserSecret.self) else { return (false, []) }
                guard try await seal(&found.value, with: opened, to: current, in: records, into: &changes) else {
                    return (false, [])
                }
                changes.put(.secret(id), found.value, if: found.unchanged)
            }
            changes.protect(opened)
            return (true, [.secret(id)])
        }
    }

    private func seal(
        _ secret: inout UserSecret, with opened: KeyRing.Opened, to number: Int, in records: OwnedRecords,
        into changes: inout OwnedRecords.Changes
    ) async throws -> Bool {
        let key = try opened.dataKey(number)
        var isChanged = false
        for index in secret.versions.indices.dropLast() {
            let version = secret.versions[index].number
            let name = OwnedRecords.Name.old(secret.id, version: version)
            guard let found = try await records.find(name, as: OldValue.self) else { continue }
            guard found.value.sealed.keyVersion != number else { continue }
            let place = secret.oldPlace(of: records.owner, version: version)
            guard let value = try opened.dataKey(found.value.sealed.keyVersion).open(found.value.sealed, at: place) else {
                throw records.corrupted(name)
            }
            secret.versions[index].fingerprint = key.fingerprint(of: value)
            let sealed = try key.seal(value, at: place, randomness: store.randomness)
            changes.put(name, OldValue(sealed: sealed), if: found.unchanged)
            isChanged = true
        }
        if secret.sealed.keyVersion != number {
            let value = try store.value(of: secret, from: records, with: opened)
            secret.versions[secret.versions.count - 1].fingerprint = key.fingerprint(of: value)
            secret.sealed = try key.seal(value, at: secret.place(of: records.owner), randomness: store.randomness)
            isChanged = true
        }
        return isChanged
    }
}
