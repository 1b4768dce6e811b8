import EngineKit
import Synchronization

/// Repeats itself for a seed (SplitMix64). For tests only: the bytes are predictable.
package final class SeededRandomness: Randomness {
    private let generator: Mutex<SplitMix64>

    package init(seed: UInt64) { generator = Mutex(SplitMix64(seed: seed)) }

    package func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        generator.withLock { generator in
            for position in bytes.indices { bytes[position] = UInt8(truncatingIfNeeded: generator.next() >> 32) }
        }
    }
}

/// A small generator for the standard library's `random(in:using:)` and `shuffled(using:)`.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
