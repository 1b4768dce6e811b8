import EngineKit

/// A part of a ``CachedStorage`` with its own lock.
///
/// A read that misses the cache takes the number of the current epoch, and fills the cache only if no write in the shard
/// ended meanwhile and none of its key is in progress. If two writes of a key overlap, their order in the store is unknown;
/// the key is then removed instead of updated.
final class CacheShard: Sendable {
    enum LookUp {
        case record(StoredRecord)
        case absent
        case unknown(epoch: UInt64)
    }

    private struct Absence {}

    private struct Flight {
        var writers = 1
        var isDisputed = false
    }

    private struct State {
        var records: ClockCache<StoredRecord>
        var absences: ClockCache<Absence>
        var flights: [StorageKey: Flight] = [:]
        var epoch: UInt64 = 0

        mutating func forget(_ key: StorageKey) {
            records.remove(key)
            absences.remove(key)
        }

        mutating func keep(_ key: StorageKey, _ record: StoredRecord?) {
            let weight = CacheShard.entryBytes + key.text.utf8.count
            if let record {
                absences.remove(key)
                records.put(key, record, bytes: weight + record.value.count)
            } else {
                records.remove(key)
                absences.put(key, Absence(), bytes: weight)
            }
        }
    }

    private static let entryBytes = 200
    private let state: UnfairLock<State>

    /// Creates a shard. An eighth of `bytesMax` is for absent keys, so that guessing names cannot displace records.
    init(bytesMax: Int) {
        state = UnfairLock(
            State(records: ClockCache(bytesMax: bytesMax - bytesMax / 8), absences: ClockCache(bytesMax: bytesMax / 8)))
    }

    var byteCount: Int { state.withLock { $0.records.bytes + $0.absences.bytes } }

    func lookUp(_ key: StorageKey) -> LookUp {
        state.withLock { state in
            if let record = state.records.value(of: key) { return .record(record) }
            if state.absences.value(of: key) != nil { return .absent }
            return .unknown(epoch: state.epoch)
        }
    }

    func fill(_ key: StorageKey, _ record: StoredRecord?, readAt epoch: UInt64) {
        state.withLock { state in
            guard state.epoch == epoch, state.flights[key] == nil else { return }
            state.keep(key, record)
        }
    }

    func beginWrite(_ key: StorageKey) {
        state.withLock { state in
            if var flight = state.flights[key] {
                flight.writers += 1
                flight.isDisputed = true
                state.flights[key] = flight
            } else {
                state.flights[key] = Flight()
            }
        }
    }

    /// Ends a write. `change` is nil if it failed.
    func endWrite(_ key: StorageKey, _ change: Batch.Change?) {
        state.withLock { state in
            state.epoch += 1
            var flight = state.flights[key] ?? Flight()
            flight.writers -= 1
            if flight.isDisputed {
                state.forget(key)
            } else {
                switch change {
                case .put(let value, let version): state.keep(key, StoredRecord(value: value, version: version))
                case .delete: state.keep(key, nil)
                case .check, nil: state.forget(key)
                }
            }
            state.flights[key] = flight.writers > 0 ? flight : nil
        }
    }

    func invalidate(_ key: StorageKey) {
        state.withLock { state in
            state.epoch += 1
            state.flights[key]?.isDisputed = true
            state.forget(key)
        }
    }

    func removeAll() {
        state.withLock { state in
            state.epoch += 1
            for key in state.flights.keys { state.flights[key]?.isDisputed = true }
            state.records.removeAll()
            state.absences.removeAll()
        }
    }
}
