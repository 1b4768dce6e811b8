import SecretMemory
import Syntax

/// Where keys, tokens and nonces come from. Injected, so that tests can repeat themselves.
package protocol Randomness: Sendable {
    /// Overwrites all of `bytes` with random bytes.
    func fill(_ bytes: UnsafeMutableRawBufferPointer)
}

extension Randomness {
    /// Returns `count` random bytes.
    package func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            fill(UnsafeMutableRawBufferPointer(buffer))
            initialized = count
        }
    }

    /// A random (version 4) UUID in lower case.
    package func uuid() -> String {
        var raw = bytes(16)
        raw[6] = raw[6] & 0x0F | 0x40
        raw[8] = raw[8] & 0x3F | 0x80
        return String(unsafeUninitializedCapacity: 36) { output in
            var position = 0
            for (index, byte) in raw.enumerated() {
                if index == 4 || index == 6 || index == 8 || index == 10 {
                    output[position] = UInt8(ascii: "-")
                    position += 1
                }
                output[position] = Hex.digit(byte >> 4)
                output[position + 1] = Hex.digit(byte & 0xF)
                position += 2
            }
            return position
        }
    }
}

/// The operating system's generator.
package struct SystemRandomness: Randomness {
    /// Creates the source that reads from the system's generator.
    package init() {}

    /// Overwrites all of `bytes` with random bytes of the system's generator.
    package func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        // Without randomness there are no keys to go on with.
        precondition(SystemGenerator.fill(bytes), "the system gives no randomness")
    }
}
