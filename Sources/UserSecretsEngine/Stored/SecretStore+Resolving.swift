import EngineKit

extension SecretStore {
    /// Which secret a node asks for.
    enum Wanted: Sendable {
        case id(SecretID)
        case kind(SecretPlace)
    }

    /// Finds the secret that a node asks for, whether or not it can be used. Throws a ``CofferError`` with the reason if there is none,
    /// or several of which none is the default.
    func find(_ wanted: Wanted, in records: OwnedRecords) async throws -> Loaded {
        switch wanted {
        case .id(let id):
            guard let loaded = try await load(id, from: records) else { throw ResolveFailure.notFound.error }
            return loaded
        case .kind(let place):
            guard let pair = try await records.find(.pair(place.pairID), as: Pair.self) else {
                throw ResolveFailure.notFound.error
            }
            if let label = place.label {
                guard let entry = pair.value.entry(labeled: label) else { throw ResolveFailure.notFound.error }
                return try await load(entry, of: pair, from: records)
            }
            if let id = pair.value.defaultID {
                guard let entry = pair.value[id] else { throw records.corrupted(.pair(place.pairID)) }
                return try await load(entry, of: pair, from: records)
            }
            return try await onlyUsable(of: pair, in: records)
        }
    }

    /// Without a default, the only secret that can be used is meant; if none can, the newest says why.
    private func onlyUsable(of pair: OwnedRecords.Found<Pair>, in records: OwnedRecords) async throws -> Loaded {
        let now = time.now()
        var usable: [Loaded] = []
        var newest: Loaded?
        for entry in pair.value.entries {
            let loaded = try await load(entry, of: pair, from: records)
            if loaded.secret.status(at: now) == .active { usable.append(loaded) }
            if newest.map({ $0.secret.createdAt <= loaded.secret.createdAt }) ?? true { newest = loaded }
        }
        guard usable.count < 2 else { throw ResolveFailure.ambiguous.error }
        guard let found = usable.first ?? newest else { throw ResolveFailure.notFound.error }
        return found
    }

    /// Reads a secret of a pair that was read already.
    private func load(_ entry: Pair.Entry, of pair: OwnedRecords.Found<Pair>, from records: OwnedRecords) async throws -> Loaded {
        if let found = try await records.find(.secret(entry.id), as: UserSecret.self), found.value.id == entry.id,
            found.value.revision == entry.revision
        {
            return Loaded(secret: found.value, unchanged: found.unchanged, pair: pair.value, pairUnchanged: pair.unchanged)
        }
        // It was changed between the two reads, or somebody else wrote it.
        guard let loaded = try await load(entry.id, from: records) else {
            guard try await records.find(.pair(loadedPair(pair)), as: Pair.self)?.stamp != pair.stamp else {
                throw records.corrupted(.secret(entry.id))
            }
            throw ResolveFailure.notFound.error
        }
        return loaded
    }

    private func loadedPair(_ pair: OwnedRecords.Found<Pair>) -> PairID {
        PairID(provider: pair.value.provider, type: pair.value.type)
    }
}
