import EngineKit

/// A bounded map that evicts by CLOCK: what was asked for again survives a sweep, what was seen once does not.
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

    var count: Int { index.count }

    mutating func value(of key: StorageKey) -> Value? {
        guard let slot = index[key] else { return nil }
        slots[slot]?.isHot = true
        return slots[slot]?.value
    }

    /// `bytes` is what the entry weighs. One that would push out much of the rest is not kept.
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

    /// Whether the entry had been asked for since the last sweep.
    @discardableResult
    mutating func remove(_ key: StorageKey) -> Bool {
        guard let slot = index.removeValue(forKey: key), let entry = slots[slot] else { return false }
        slots[slot] = nil
        free.append(slot)
        bytes -= entry.bytes
        return entry.isHot
    }

    mutating func removeAll() { self = ClockCache(bytesMax: bytesMax) }

    /// Something is there to evict while `bytes` is above zero.
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
