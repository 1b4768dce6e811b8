/// A cache of keys by name, bounded by the number of their versions. When it is full, keys that were not used since the
/// last sweep are removed.
struct KeyCache {
    private struct Slot {
        var key: TransitKey
        var isHot: Bool
    }

    /// The largest total weight. The weight of a key is the number of its versions plus one.
    private let weightMax: Int
    /// The number of keys that the operator allows; nil until the setting was read.
    private var countMax: Int?
    private var slots: [String: Slot] = [:]
    private var weight = 0

    init(weightMax: Int) { self.weightMax = weightMax }

    /// Whether the operator's limit was read.
    var isLimited: Bool { countMax != nil }

    /// Sets the operator's limit. 0 means no limit.
    mutating func limit(to count: Int) {
        let most = count == 0 ? Int.max : count
        countMax = most
        if slots.count > most { removeAll() }
    }

    mutating func key(_ name: String) -> TransitKey? {
        guard let index = slots.index(forKey: name) else { return nil }
        if !slots.values[index].isHot { slots.values[index].isHot = true }
        return slots.values[index].key
    }

    mutating func put(_ key: TransitKey) {
        remove(key.name)
        let added = key.versions.count + 1
        if weight + added > weightMax { sweep(toFit: added) }
        if slots.count >= countMax ?? .max { removeAll() }
        guard weight + added <= weightMax else { return }
        slots[key.name] = Slot(key: key, isHot: false)
        weight += added
    }

    mutating func remove(_ name: String) {
        guard let slot = slots.removeValue(forKey: name) else { return }
        weight -= slot.key.versions.count + 1
    }

    mutating func removeAll() {
        slots.removeAll()
        weight = 0
    }

    /// Removes keys until a quarter is free, so that sweeps are rare.
    private mutating func sweep(toFit added: Int) {
        let target = weightMax / 4 * 3 - added
        for keepsHot in [true, false] {
            for (name, slot) in slots where weight > target && !(keepsHot && slot.isHot) { remove(name) }
        }
        for name in slots.keys { slots[name]?.isHot = false }
    }
}
