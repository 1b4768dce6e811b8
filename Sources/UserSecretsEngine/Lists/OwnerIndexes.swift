import EngineKit
import Records
import Synchronization
import Syntax

/// The indexes of the owners who were listed last. They take a bounded amount of memory, and have no values.
final class OwnerIndexes: Sendable {
    private struct Slot {
        var index: OwnerIndex?
        /// Records that were changed since they were read, each with the number of its last change.
        var changed: [OwnedRecords.Name: Int] = [:]
        var usedAt = 0
    }

    private struct State {
        var slots: [Owner: Slot] = [:]
        var weight = 0
        /// Counts uses and changes.
        var clock = 0
        /// Grows when everything is forgotten.
        var generation = 0
    }

    private let state = Mutex(State())
    private let lines = WriterQueues()
    private let weightMax: Int

    /// So many changes of one owner are read one by one; after more, everything is read again.
    private static let changesMax = 2_000

    init(weightMax: Int = 256 << 20) { self.weightMax = weightMax }

    /// Returns the index of an owner, in which every change is that was committed before this is called.
    func index(of records: OwnedRecords) async throws -> OwnerIndex {
        if let known = current(records.owner) { return known }
        return try await lines.inTurn(records.owner.text) {
            if let known = current(records.owner) { return known }
            let (known, changed, generation) = begin(records.owner)
            do {
                let index = try await read(records, from: known, changed.keys)
                keep(index, of: records.owner, without: changed, generation)
                return index
            } catch {
                forget(records.owner)
                throw error
            }
        }
    }

    private func read(
        _ records: OwnedRecords, from known: OwnerIndex?, _ changed: some Collection<OwnedRecords.Name>
    ) async throws -> OwnerIndex {
        guard var index = known else { return try await OwnerIndex(of: records) }
        for name in changed { try await index.refresh(name, from: records) }
        return index
    }

    /// Notes that records of an owner were changed.
    func touch(_ owner: Owner, _ names: some Collection<OwnedRecords.Name>) {
        guard !names.isEmpty else { return }
        state.withLock { state in
            guard state.slots[owner] != nil else { return }
            state.clock += 1
            for name in names { state.slots[owner]?.changed[name] = state.clock }
            guard let slot = state.slots[owner], slot.changed.count > Self.changesMax, let index = slot.index else { return }
            state.weight -= index.weight
            state.slots[owner]?.index = nil
        }
    }

    /// Notes what another node changed.
    func drop(_ change: StorageChange) {
        switch change {
        case .everything:
            state.withLock { state in
                state.slots = [:]
                state.weight = 0
                state.generation += 1
            }
        case .keys(let keys):
            var names: [Owner: [OwnedRecords.Name]] = [:]
            for key in keys {
                guard let (owner, rest) = OwnedRecords.parse(key), let name = OwnedRecords.Name(indexed: rest) else { continue }
                names[owner, default: []].append(name)
            }
            for (owner, names) in names { touch(owner, names) }
        }
    }

    /// Returns the index of an owner if nothing was changed since it was read.
    private func current(_ owner: Owner) -> OwnerIndex? {
        state.withLock { state in
            guard let slot = state.slots[owner], let index = slot.index, slot.changed.isEmpty else { return nil }
            state.clock += 1
            state.slots[owner]?.usedAt = state.clock
            return index
        }
    }

    /// Makes a place in which changes are noted from now on.
    private func begin(_ owner: Owner) -> (OwnerIndex?, changed: [OwnedRecords.Name: Int], generation: Int) {
        state.withLock { state in
            state.clock += 1
            var slot = state.slots[owner] ?? Slot()
            slot.usedAt = state.clock
            state.slots[owner] = slot
            return (slot.index, slot.changed, state.generation)
        }
    }

    private func keep(_ index: OwnerIndex, of owner: Owner, without read: [OwnedRecords.Name: Int], _ generation: Int) {
        state.withLock { state in
            guard state.generation == generation, var slot = state.slots[owner] else { return }
            for (name, number) in read where slot.changed[name] == number { slot.changed[name] = nil }
            state.weight += index.weight - (slot.index?.weight ?? 0)
            slot.index = index
            state.slots[owner] = slot
            Self.shrink(&state, to: weightMax)
        }
    }

    /// Forgets the index of an owner.
    func forget(_ owner: Owner) {
        state.withLock { state in
            guard let slot = state.slots.removeValue(forKey: owner) else { return }
            state.weight -= slot.index?.weight ?? 0
        }
    }

    /// Forgets the indexes that were used longest ago, until the others fit.
    private static func shrink(_ state: inout State, to weightMax: Int) {
        guard state.weight > weightMax else { return }
        for (owner, slot) in state.slots.sorted(by: { $0.value.usedAt < $1.value.usedAt }) where state.weight > weightMax / 4 * 3 {
            state.weight -= slot.index?.weight ?? 0
            state.slots[owner] = nil
        }
    }
}
