import Hashes
import EngineKit

/// The HMACs of recently written values, so that a secret that is read repeatedly is not hashed each time.
///
/// Values are not stored. An entry is found and recognized by 128 bits of keyed hashes that cannot be computed without their
/// keys. Two values with the same 128 bits would be written alike; among 2^32 different values the probability is 2^-65.
struct RecentHashes: Sendable {
    /// The number of entries; a power of two.
    private static let places = 4_096
    private static let hexBytes = 64
    /// The longest value that is remembered, since longer ones rarely repeat.
    private static let valueBytesMax = 64

    /// Two hashers with different random keys, copied for each value.
    private let hashers: (Hasher, Hasher)
    private var marks: [(UInt64, UInt64)] = []
    private var codes: [UInt8] = []

    /// Creates an empty table with random keys.
    init(seed randomness: any Randomness) {
        hashers = (Self.seeded(randomness), Self.seeded(randomness))
    }

    private static func seeded(_ randomness: any Randomness) -> Hasher {
        var hasher = Hasher()
        randomness.bytes(32).withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher
    }

    /// Appends the HMAC of the bytes in hex.
    mutating func appendHex(of bytes: UnsafeRawBufferPointer, with hash: KeyedHash, to output: inout [UInt8]) {
        guard bytes.count <= Self.valueBytesMax else { return hash.appendHex(of: bytes, to: &output) }
        if marks.isEmpty {
            // Zeros mark an empty entry. A value has that mark with the same probability as another value's mark.
            marks = Array(repeating: (0, 0), count: Self.places)
            codes = Array(repeating: 0, count: Self.places * Self.hexBytes)
        }
        let mark = mark(bytes)
        let place = Int(truncatingIfNeeded: mark.0) & (Self.places - 1)
        let start = place * Self.hexBytes
        if marks[place] == mark {
            codes.withUnsafeBufferPointer {
                output.append(contentsOf: UnsafeBufferPointer(rebasing: $0[start..<start + Self.hexBytes]))
            }
            return
        }
        hash.appendHex(of: bytes, to: &output)
        codes.withUnsafeMutableBufferPointer { codes in
            output.withUnsafeBufferPointer { output in
                _ = UnsafeMutableBufferPointer(rebasing: codes[start..<start + Self.hexBytes])
                    .update(fromContentsOf: output.suffix(Self.hexBytes))
            }
        }
        marks[place] = mark
    }

    /// Returns the 128 bits that a value is recognized by.
    private func mark(_ bytes: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
        (Self.hash(bytes, hashers.0), Self.hash(bytes, hashers.1))
    }

    private static func hash(_ bytes: UnsafeRawBufferPointer, _ seeded: Hasher) -> UInt64 {
        var hasher = seeded
        hasher.combine(bytes: bytes)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
