/// The source of a connection's request identifiers, which are random UUIDs.
///
/// Identifiers must not repeat, but guessing one is of no use. A fast generator with a seed from the system is therefore
/// sufficient.
struct RequestIDSource {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    init() {
        var system = SystemRandomNumberGenerator()
        state = (system.next(), system.next(), system.next(), system.next() | 1)
    }

    /// Returns the next word of the generator xoshiro256**.
    private mutating func word() -> UInt64 {
        let product = state.1 &* 5
        let result = (product << 7 | product >> 57) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = state.3 << 45 | state.3 >> 19
        return result
    }

    /// Returns a version 4 UUID in lower case (RFC 9562, section 5.4).
    mutating func next() -> String {
        let high = word() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = word() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return String(unsafeUninitializedCapacity: 36) { output in
            var position = 0
            func write(_ word: UInt64) {
                for nibble in stride(from: 60, through: 0, by: -4) {
                    if position == 8 || position == 13 || position == 18 || position == 23 {
                        output[position] = UInt8(ascii: "-")
                        position += 1
                    }
                    let digit = UInt8(truncatingIfNeeded: word >> UInt64(nibble)) & 0xF
                    output[position] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                    position += 1
                }
            }
            write(high)
            write(low)
            return position
        }
    }
}
