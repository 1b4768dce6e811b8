import EngineKit

/// The metadata of all secrets of an owner, in the order of lists.
struct OwnerIndex: Sendable {
    private(set) var entries: [IndexEntry] = []
    /// The secret that is the default of its provider and type, for each that has one.
    private(set) var defaults: [PairID: SecretID] = [:]
    /// About how much memory it takes, in bytes.
    private(set) var weight = 1_024

    /// Reads everything that the owner has.
    init(of records: OwnedRecords) async throws {
        try await Self.walk(.secrets, of: records) { name in
            if let id = SecretID(name), let entry = try await Self.read(id, from: records) { entries.append(entry) }
        }
        entries.sort { $0.position < $1.position }
        try await Self.walk(.pairs, of: records) { name in
            guard let id = PairID(stored: name), let found = try await records.find(.pair(id), as: Pair.self) else { return }
            defaults[id] = found.value.defaultID
        }
        weight += entries.reduce(defaults.count * 200) { $0 + $1.weight }
    }

    /// Returns whether a secret is the default of its provider and type.
    func isDefault(_ secret: UserSecret) -> Bool { defaults[secret.pairID] == secret.id }

    /// Reads a record again.
    mutating func refresh(_ name: OwnedRecords.Name, from records: OwnedRecords) async throws {
        switch name {
        case .secret(let id), .usage(let id): replace(id, with: try await Self.read(id, from: records))
        case .pair(let id):
            defaults[id] = try await records.find(name, as: Pair.self)?.value.defaultID
        case .keys, .counts, .old, .access, .trash: break
        }
    }

    private static func read(_ id: SecretID, from records: OwnedRecords) async throws -> IndexEntry? {
        guard let found = try await records.find(.secret(id), as: UserSecret.self) else { return nil }
        return IndexEntry(found.value, try await records.find(.usage(id), as: Usage.self)?.value ?? Usage())
    }

    private mutating func replace(_ id: SecretID, with entry: IndexEntry?) {
        // The time of creation never changes, so the place in the order is that of the new entry, if there is one.
        if let entry, let index = index(of: entry.position) {
            weight += entry.weight - entries[index].weight
            entries[index] = entry
            return
        }
        if let index = entries.firstIndex(where: { $0.secret.id == id }) {
            weight -= entries[index].weight
            entries.remove(at: index)
        }
        guard let entry else { return }
        entries.insert(entry, at: start(behind: entry.position))
        weight += entry.weight
    }

    /// Returns the index of the first entry behind a place.
    func start(behind place: ListPosition) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].position <= place { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func index(of place: ListPosition) -> Int? {
        let next = start(behind: place)
        return next > 0 && entries[next - 1].position == place ? next - 1 : nil
    }

    /// Calls `body` with each name in a folder.
    private static func walk(
        _ folder: OwnedRecords.Folder, of records: OwnedRecords, _ body: (String) async throws -> Void
    ) async throws {
        var after: String?
        while true {
            let names = try await records.names(in: folder, after: after)
            for name in names { try await body(name) }
            guard names.count == StorageLimits.pageMax else { return }
            after = names.last
            try GivenUpRequest.check()
        }
    }
}
