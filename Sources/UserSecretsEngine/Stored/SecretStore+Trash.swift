import EngineKit
import Records

extension SecretStore {
    /// Puts a secret into the trash. Returns false if there is none of that id.
    func delete(_ id: SecretID, in records: OwnedRecords, by accessor: Accessor) async throws -> Bool {
        try await change(records) { changes in
            guard let loaded = try await load(id, from: records), let opened = try await keys.open(records) else {
                return (false, [])
            }
            let now = time.now().wholeMicroseconds
            changes.protect(opened)
            var pair = loaded.pair
            pair.remove(id)
            changes.delete(.secret(id), if: loaded.unchanged)
            changes.put(
                .trash(id), TrashedSecret(secret: loaded.secret, deletedAt: now, deletedBy: accessor.actor), if: .absent)
            changes.put(.pair(loaded.secret.pairID), pair, if: loaded.pairUnchanged)
            try await count(in: records, into: &changes) { counts in
                counts.secrets = max(counts.secrets - 1, 0)
                counts.trashed += 1
            }
            log(.delete, id, by: accessor, at: now, into: &changes)
            return (true, touched(by: loaded))
        }
    }

    /// Takes a secret out of the trash. Returns nil if it is not there.
    ///
    /// - Throws: A ``CofferError`` if another secret has its provider, type and label meanwhile.
    func takeBack(_ id: SecretID, in records: OwnedRecords, by accessor: Accessor) async throws -> Loaded? {
        try await change(records) { changes in
            guard let found = try await trashed(id, in: records), let opened = try await keys.open(records) else {
                return (nil, [])
            }
            var secret = found.value.secret
            let now = time.now().wholeMicroseconds
            let stored = try await records.find(.pair(secret.pairID), as: Pair.self)
            var pair = stored?.value ?? Pair(provider: secret.terms.provider, type: secret.terms.type)
            guard pair.entry(labeled: secret.label) == nil else { throw UserSecretsFailure.exists }
            guard pair.entries.count < Pair.entriesMax else { throw UserSecretsFailure.tooManyOfPair }
            secret.revision += 1
            secret.updatedAt = now
            if secret.sealed.keyVersion != opened.keys.currentNumber {
                // While the owner's key is replaced, what comes out of the trash would be missed.
                let value = try value(of: secret, from: records, with: opened)
                secret.sealed = try opened.current().seal(value, at: secret.place(of: records.owner), randomness: randomness)
            }
            pair.add(secret)
            changes.protect(opened)
            changes.delete(.trash(id), if: found.unchanged)
            changes.put(.secret(id), secret, if: .absent)
            changes.put(.pair(secret.pairID), pair, if: stored?.unchanged ?? .absent)
            try await count(in: records, into: &changes) { counts in
                counts.secrets += 1
                counts.trashed = max(counts.trashed - 1, 0)
                if stored == nil { counts.pairs += 1 }
                try counts.check()
            }
            log(.update, id, by: accessor, at: now, into: &changes)
            let loaded = Loaded(secret: secret, unchanged: .absent, pair: pair, pairUnchanged: .absent)
            return (loaded, touched(by: loaded))
        }
    }

    /// Deletes a secret of the trash for good, with all its values. Returns false if it is not there.
    ///
    /// - Parameter accessor: Who asks for it; nil when its time is over.
    func purge(_ id: SecretID, in records: OwnedRecords, by accessor: Accessor?) async throws -> Bool {
        try await change(records) { changes in
            guard let found = try await trashed(id, in: records) else { return (false, []) }
            guard accessor != nil || found.value.purgeAt <= time.now() else { return (false, []) }
            let secret = found.value.secret
            changes.delete(.trash(id), if: found.unchanged)
            changes.delete(.usage(id))
            for version in secret.versions.dropLast() { changes.delete(.old(id, version: version.number)) }
            var isLastOfPair = false
            if let pair = try await records.find(.pair(secret.pairID), as: Pair.self), pair.value.entries.isEmpty, accessor == nil {
                // Thirty days after the last of its kind was deleted, the owner counts as one who never had any.
                changes.delete(.pair(secret.pairID), if: pair.unchanged)
                isLastOfPair = true
            }
            try await count(in: records, into: &changes) { counts in
                counts.trashed = max(counts.trashed - 1, 0)
                if isLastOfPair { counts.pairs = max(counts.pairs - 1, 0) }
            }
            if let accessor { log(.delete, id, by: accessor, at: time.now(), into: &changes) }
            return (true, [.pair(secret.pairID)])
        }
    }

    /// Returns a secret of the trash, or nil if it is not there.
    private func trashed(_ id: SecretID, in records: OwnedRecords) async throws -> OwnedRecords.Found<TrashedSecret>? {
        guard let found = try await records.find(.trash(id), as: TrashedSecret.self) else { return nil }
        guard found.value.secret.id == id else { throw records.corrupted(.trash(id)) }
        return found
    }

    /// Returns the secrets in the trash, the last deleted first.
    func trash(of records: OwnedRecords) async throws -> [TrashedSecret] {
        var (found, after): ([TrashedSecret], String?) = ([], nil)
        while true {
            let names = try await records.names(in: .trash, after: after)
            for name in names {
                if let id = SecretID(name), let secret = try await trashed(id, in: records) { found.append(secret.value) }
            }
            guard names.count == StorageLimits.pageMax else { break }
            after = names.last
        }
        return found.sorted { $0.deletedAt > $1.deletedAt }
    }

    private func count(
        in records: OwnedRecords, into changes: inout OwnedRecords.Changes, _ change: (inout OwnerCounts) throws -> Void
    ) async throws {
        let found = try await records.find(.counts, as: OwnerCounts.self)
        var counts = found?.value ?? OwnerCounts()
        try change(&counts)
        changes.put(.counts, counts, if: found?.unchanged ?? .absent)
    }
}
