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
        _ change: SecretChange, at place: SecretPlace, in records: OwnedRecords, by author: String
    ) async throws -> (Loaded, isNew: Bool) {
        try await self.change(records) { changes in
            let opened = try await keys.openOrMake(records)
            changes.protect(opened)
            let found = try await records.find(.pair(place.pairID), as: Pair.self)
            guard let entry = found?.value.entry(labeled: place.label) else {
                let loaded = try await add(
                    change, at: place, to: found, in: records, with: opened, by: author, into: &changes)
                return ((loaded, true), touched(by: loaded))
            }
            guard let loaded = try await load(entry.id, from: records) else { throw records.corrupted(.secret(entry.id)) }
            var edit = SecretEdit(loaded, in: self, records, with: opened, by: author)
            edit.clear()
            try edit.apply(change, into: &changes)
            edit.finish(into: &changes)
            return ((edit.loaded, false), touched(by: edit.loaded))
        }
    }

    /// Changes what the request says of a secret. Returns nil if there is none of that id.
    func edit(_ id: SecretID, _ change: SecretChange, in records: OwnedRecords, by author: String) async throws -> Loaded? {
        try await self.change(records) { changes in
            guard let loaded = try await load(id, from: records), let opened = try await keys.open(records) else {
                return (nil, [])
            }
            guard !change.isEmpty else { return (loaded, []) }
            changes.protect(opened)
            var edit = SecretEdit(loaded, in: self, records, with: opened, by: author)
            try edit.apply(change, into: &changes)
            edit.finish(into: &changes)
            return (edit.loaded, touched(by: edit.loaded))
        }
    }

    /// Deletes a secret with all its values. Returns false if there is none of that id.
    func delete(_ id: SecretID, in records: OwnedRecords) async throws -> Bool {
        try await change(records) { changes in
            guard let loaded = try await load(id, from: records) else { return (false, []) }
            var pair = loaded.pair
            pair.remove(id)
            changes.delete(.secret(id), if: loaded.unchanged)
            changes.put(.pair(loaded.secret.pairID), pair, if: loaded.pairUnchanged)
            for version in loaded.secret.versions.dropLast() { changes.delete(.old(id, version: version.number)) }
            let found = try await records.find(.counts, as: OwnerCounts.self)
            var counts = found?.value ?? OwnerCounts()
            counts.secrets = max(counts.secrets - 1, 0)
            changes.put(.counts, counts, if: found?.unchanged ?? .absent)
            return (true, touched(by: loaded))
        }
    }

    private func touched(by loaded: Loaded) -> [OwnedRecords.Name] {
        [.secret(loaded.secret.id), .pair(loaded.secret.pairID)]
    }

    /// Adds a new secret to the batch.
    private func add(
        _ change: SecretChange, at place: SecretPlace, to found: OwnedRecords.Found<Pair>?, in records: OwnedRecords,
        with opened: KeyRing.Opened, by author: String, into changes: inout OwnedRecords.Changes
    ) async throws -> Loaded {
        var pair = found?.value ?? Pair(provider: place.provider, type: place.type)
        guard pair.entries.count < Pair.entriesMax else {
            throw UserSecretsFailure.limit("an owner has at most \(Pair.entriesMax) secrets of one provider and type")
        }
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
        let version = UserSecret.Version(number: 1, createdAt: now, createdBy: author, fingerprint: key.fingerprint(of: value))
        let sealed = try key.seal(
            value, at: ValuePlace(owner: records.owner, id: id, version: version.number, terms: terms), randomness: randomness)
        let secret = UserSecret(
            id: id, label: place.label, name: change.name ?? "", description: change.description, tags: change.tags ?? [],
            terms: terms, hint: Hint.of(text, type: place.type), createdAt: now, createdBy: author, updatedAt: now,
            versions: [version], sealed: sealed)
        pair.add(secret)
        if change.isDefault == true { pair.defaultID = id }
        changes.put(.secret(id), secret, if: .absent)
        changes.put(.pair(place.pairID), pair, if: found?.unchanged ?? .absent)
        changes.put(.counts, counts, if: counted?.unchanged ?? .absent)
        return Loaded(secret: secret, unchanged: .absent, pair: pair, pairUnchanged: .absent)
    }
}
