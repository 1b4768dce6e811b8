/// A small generator with a seed, so that every failure can be repeated.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }

    /// The bytes with one to four small damages.
    mutating func damaged(_ source: [UInt8], tokens: [[UInt8]]) -> [UInt8] {
        var bytes = source
        for _ in 0...below(4) {
            let at = below(bytes.count + 1)
            switch below(5) {
            case 0: bytes.insert(UInt8(truncatingIfNeeded: next()), at: at)
            case 1: bytes.insert(contentsOf: pick(tokens), at: at)
            case 2: bytes.removeSubrange(at..<min(bytes.count, at + below(12)))
            case 3: bytes = Array(bytes.prefix(max(at, 1)))
            default: if at < bytes.count { bytes[at] ^= 1 << UInt8(below(8)) }
            }
        }
        return bytes
    }
}
