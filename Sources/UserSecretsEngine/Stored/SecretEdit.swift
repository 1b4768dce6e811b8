import EngineKit

/// A change of one secret, up to the batch that commits it.
struct SecretEdit {
    /// The secret after the change.
    private(set) var loaded: SecretStore.Loaded
    /// The secret as it was read, which its value is sealed as.
    private let before: UserSecret
    private let store: SecretStore
    private let records: OwnedRecords
    private let opened: KeyRing.Opened
    private let accessor: Accessor
    private let now: Timestamp

    init(
        _ loaded: SecretStore.Loaded, in store: SecretStore, _ records: OwnedRecords, with opened: KeyRing.Opened,
        by accessor: Accessor
    ) {
        self.loaded = loaded
        before = loaded.secret
        self.store = store
        self.records = records
        self.opened = opened
        self.accessor = accessor
        now = store.time.now().wholeMicroseconds
    }

    /// Empties what a new value of the same provider and type does not keep.
    mutating func clear() {
        loaded.secret.description = nil
        loaded.secret.tags = []
        terms.expiresAt = nil
    }

    /// Makes the changes that a request asks for. A new value becomes a version, unless it is the same.
    mutating func apply(_ change: SecretChange, into changes: inout OwnedRecords.Changes) throws {
        if let name = change.name { loaded.secret.name = name }
        if let description = change.description { loaded.secret.description = description }
        if let tags = change.tags { loaded.secret.tags = tags }
        if let isActive = change.isActive { terms.isActive = isActive }
        if let expiresAt = change.expiresAt { terms.expiresAt = expiresAt }
        if let visibility = change.visibility {
            guard visibility == .restricted || terms.visibility == .masked else { throw UserSecretsFailure.loosened }
            terms.visibility = visibility
        }
        if let isDefault = change.isDefault {
            if isDefault { loaded.pair.defaultID = loaded.secret.id } else if loaded.isDefault { loaded.pair.defaultID = nil }
        }
        try seal(change.value, into: &changes)
    }

    /// Adds the changed records to the batch.
    mutating func finish(into changes: inout OwnedRecords.Changes) {
        loaded.secret.updatedAt = now
        loaded.secret.revision += 1
        loaded.pair.note(loaded.secret)
        changes.put(.secret(loaded.secret.id), loaded.secret, if: loaded.unchanged)
        changes.put(.pair(loaded.secret.pairID), loaded.pair, if: loaded.pairUnchanged)
        store.log(.update, loaded.secret.id, by: accessor, at: now, into: &changes)
    }

    private var terms: UseTerms {
        get { loaded.secret.terms }
        set { loaded.secret.terms = newValue }
    }

    /// Seals the value under the current key, since it is bound to what decides about its use. A value that differs becomes a new
    /// version, and the one before an earlier one.
    private mutating func seal(_ text: String?, into changes: inout OwnedRecords.Changes) throws {
        guard text != nil || loaded.secret.terms != before.terms else { return }
        let key = try opened.current()
        let old = try store.value(of: before, from: records, with: opened)
        let value = text.map { Array($0.utf8) } ?? old
        let fingerprint = key.fingerprint(of: value)
        if let text, fingerprint != key.fingerprint(of: old) {
            let archived = try key.seal(
                old, at: before.oldPlace(of: records.owner, version: before.version), randomness: store.randomness)
            changes.put(.old(before.id, version: before.version), OldValue(sealed: archived))
            loaded.secret.versions.append(
                .init(number: before.version + 1, createdAt: now, createdBy: accessor.actor, fingerprint: fingerprint))
            loaded.secret.hint = Hint.of(text, type: terms.type)
            while loaded.secret.versions.count > UserSecret.versionsMax {
                changes.delete(.old(before.id, version: loaded.secret.versions.removeFirst().number))
            }
        }
        loaded.secret.sealed = try key.seal(value, at: loaded.secret.place(of: records.owner), randomness: store.randomness)
    }
}
