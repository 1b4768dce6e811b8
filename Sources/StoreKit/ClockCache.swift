import EngineKit

/// A bounded map with CLOCK eviction: entries that were read again survive a sweep, others do not.
struct ClockCache<Value: Sendable>: Sendable {
    private struct Slot: Sendable {
        var key: StorageKey
        var value: Value
        var bytes: Int
        var isHot: Bool
    }

    private let bytesMax: Int
    private(set) var bytes = 0
    private var slots: [Slot?] = []
    private var free: [Int] = []
    private var index: [StorageKey: Int] = [:]
    private var hand = 0

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    mutating func value(of key: StorageKey) -> Value? {
        guard let slot = index[key] else { return nil }
        slots[slot]?.isHot = true
        return slots[slot]?.value
    }

    /// Adds an entry of `bytes`. An entry that would displace many others is not kept.
    mutating func put(_ key: StorageKey, _ value: Value, bytes weight: Int) {
        let wasHot = remove(key)
        guard weight <= bytesMax / 4 else { return }
        while bytes + weight > bytesMax { evict() }
        let entry = Slot(key: key, value: value, bytes: weight, isHot: wasHot)
        if let slot = free.popLast() {
            slots[slot] = entry
            index[key] = slot
        } else {
            slots.append(entry)
            index[key] = slots.count - 1
        }
        bytes += weight
    }

    /// Removes an entry. Returns whether it was read since the last sweep.
    @discardableResult
    mutating func remove(_ key: StorageKey) -> Bool {
        guard let slot = index.removeValue(forKey: key), let entry = slots[slot] else { return false }
        slots[slot] = nil
        free.append(slot)
        bytes -= entry.bytes
        return entry.isHot
    }

    mutating func removeAll() { self = ClockCache(bytesMax: bytesMax) }

    /// Removes entries until there is room. There is an entry whenever `bytes` is above zero.
    private mutating func evict() {
        while true {
            hand = hand + 1 < slots.count ? hand + 1 : 0
            guard let entry = slots[hand] else { continue }
            guard entry.isHot else {
                remove(entry.key)
                return
            }
            slots[hand]?.isHot = false
        }
    }
}
