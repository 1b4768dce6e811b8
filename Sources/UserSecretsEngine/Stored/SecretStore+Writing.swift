import EngineKit
import Records
import Syntax

/// What a request says a secret shall be. What it does not say is nil.
struct SecretChange: Sendable {
    var name: String?
    var value: String?
    var description: String?
    var tags: [String]?
    var isActive: Bool?
    var visibility: Visibility?
    var expiresAt: Timestamp?
    var isDefault: Bool?

    /// Whether the request says nothing.
    var isEmpty: Bool {
        name == nil && value == nil && description == nil && tags == nil && isActive == nil && visibility == nil
            && expiresAt == nil && isDefault == nil
    }
}

/// What a secret is stored as, which never changes.
struct SecretPlace: Sendable {
    var provider: String
    var type: String
    var label: String?

    var pairID: PairID { PairID(provider: provider, type: type) }
}

extension SecretStore {
    /// Stores a secret under its provider, type and label, in place of the one that is stored there.
    ///
    /// The id, the time of creation, the use and whether it is active stay as they are; everything else becomes what the request
    /// says, and empty where it says nothing.
    ///
    /// - Returns: The secret, and whether it is new.
    func put(
        _ change: SecretChange, at place: SecretPlace, in records: OwnedRecords, by accessor: Accessor
    ) async throws -> (Loaded, isNew: Bool) {
        try await self.change(records) { changes in
            let opened = try await keys.openOrMake(records)
            changes.protect(opened)
            let found = try await records.find(.pair(place.pairID), as: Pair.self)
            guard let entry = found?.value.entry(labeled: place.label) else {
                let loaded = try await add(
                    change, at: place, to: found, in: records, with: opened, by: accessor, into: &changes)
                return ((loaded, true), touched(by: loaded))
            }
            guard let loaded = try await load(entry.id, from: records) else { throw records.corrupted(.secret(entry.id)) }
            var edit = SecretEdit(loaded, in: self, records, with: opened, by: accessor)
            edit.clear()
            try edit.apply(change, into: &changes)
            edit.finish(into: &changes)
            return ((edit.loaded, false), touched(by: edit.loaded))
        }
    }

    /// Changes what the request says of a secret. Returns nil if there is none of that id.
    func edit(_ id: SecretID, _ change: SecretChange, in records: OwnedRecords, by accessor: Accessor) async throws -> Loaded? {
        try await self.change(records) { changes in
            guard let loaded = try await load(id, from: records), let opened = try await keys.open(records) else {
                return (nil, [])
            }
            guard !change.isEmpty else { return (loaded, []) }
            changes.protect(opened)
            var edit = SecretEdit(loaded, in: self, records, with: opened, by: accessor)
            try edit.apply(change, into: &changes)
            edit.finish(into: &changes)
            return (edit.loaded, touched(by: edit.loaded))
        }
    }

    /// Makes an earlier value of a secret the current one. Returns nil if there is no such secret, or no such version of it.
    func restore(
        _ id: SecretID, version: Int, in records: OwnedRecords, by accessor: Accessor
    ) async throws -> Loaded? {
        try await self.change(records) { changes in
            guard let loaded = try await load(id, from: records), let opened = try await keys.open(records),
                loaded.secret.versions.contains(where: { $0.number == version })
            else { return (nil, []) }
            guard version != loaded.secret.version else { return (loaded, []) }
            let name = OwnedRecords.Name.old(id, version: version)
            guard let old = try await records.find(name, as: OldValue.self),
                let value = try opened.dataKey(old.value.sealed.keyVersion).open(
                    old.value.sealed, at: loaded.secret.oldPlace(of: records.owner, version: version))
            else { throw records.corrupted(name) }
            changes.protect(opened)
            changes.check(name, old.unchanged)
            var change = SecretChange()
            change.value = String(decoding: value, as: UTF8.self)
            var edit = SecretEdit(loaded, in: self, records, with: opened, by: accessor)
            try edit.apply(change, into: &changes)
            edit.finish(into: &changes)
            return (edit.loaded, touched(by: edit.loaded))
        }
    }

    func touched(by loaded: Loaded) -> [OwnedRecords.Name] {
        [.secret(loaded.secret.id), .pair(loaded.secret.pairID)]
    }

    /// Adds a new secret to the batch.
    private func add(
        _ change: SecretChange, at place: SecretPlace, to found: OwnedRecords.Found<Pair>?, in records: OwnedRecords,
        with opened: KeyRing.Opened, by accessor: Accessor, into changes: inout OwnedRecords.Changes
    ) async throws -> Loaded {
        var pair = found?.value ?? Pair(provider: place.provider, type: place.type)
        guard pair.entries.count < Pair.entriesMax else { throw UserSecretsFailure.tooManyOfPair }
        let counted = try await records.find(.counts, as: OwnerCounts.self)
        var counts = counted?.value ?? OwnerCounts()
        counts.secrets += 1
        if found == nil { counts.pairs += 1 }
        try counts.check()
        let now = time.now().wholeMicroseconds
        let key = try opened.current()
        let text = change.value ?? ""
        let value = Array(text.utf8)
        let id = SecretID(randomness: randomness)
        let terms = UseTerms(
            provider: place.provider, type: place.type,
            visibility: change.visibility ?? (place.type == SecretType.oauthToken ? .restricted : .masked),
            isActive: change.isActive ?? true, expiresAt: change.expiresAt)
        let version = UserSecret.Version(
            number: 1, createdAt: now, createdBy: accessor.actor, fingerprint: key.fingerprint(of: value))
        let sealed = try key.seal(
            value, at: ValuePlace(owner: records.owner, id: id, version: version.number, terms: terms), randomness: randomness)
        let secret = UserSecret(
            id: id, label: place.label, name: change.name ?? "", description: change.description, tags: change.tags ?? [],
            terms: terms, hint: Hint.of(text, type: place.type), createdAt: now, createdBy: accessor.actor, updatedAt: now,
            versions: [version], sealed: sealed)
        pair.add(secret)
        if change.isDefault == true { pair.defaultID = id }
        changes.put(.secret(id), secret, if: .absent)
        changes.put(.usage(id), Usage(), if: .absent)
        log(.update, id, by: accessor, at: now, into: &changes)
        changes.put(.pair(place.pairID), pair, if: found?.unchanged ?? .absent)
        changes.put(.counts, counts, if: counted?.unchanged ?? .absent)
        return Loaded(secret: secret, unchanged: .absent, pair: pair, pairUnchanged: .absent)
    }

    /// Adds an entry of the access log to a batch, so that it is stored with what it tells of.
    func log(
        _ action: AccessEntry.Action, _ id: SecretID, outcome: String = AccessEntry.done, by accessor: Accessor, at now: Timestamp,
        into changes: inout OwnedRecords.Changes
    ) {
        let entry = AccessEntry(secret: id, action: action, outcome: outcome, accessor: accessor)
        changes.put(
            .access(AccessName(at: now, randomness: randomness)), AccessRecord(entry, at: now.wholeMicroseconds), if: .absent)
    }

    /// Stores an entry of the access log before this returns.
    func record(
        _ action: AccessEntry.Action, _ id: SecretID, outcome: String, in records: OwnedRecords, by accessor: Accessor
    ) async throws {
        try await records.change { changes in
            guard let opened = try await keys.open(records) else { throw CofferError.notFound }
            changes.protect(opened)
            log(action, id, outcome: outcome, by: accessor, at: time.now(), into: &changes)
        }
    }
}
