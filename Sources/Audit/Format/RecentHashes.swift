import EngineKit

/// HMACs of values that were written lately, so that a secret that is read again and again is not hashed each time.
///
/// No value is kept: a place is found, and its value recognised, by 128 bits of keyed hashes that nobody outside can
/// compute. Two values that share them would be written alike; among 2^32 different values the odds are 2^-65.
struct RecentHashes: Sendable {
    private static let places = 1_024
    private static let hexBytes = 64
    /// Longer values are rarely the same.
    private static let valueBytesMax = 64

    private let seed: (UInt64, UInt64, UInt64, UInt64)
    private var marks: [(UInt64, UInt64)] = []
    private var codes: [UInt8] = []

    init(seed randomness: any Randomness) {
        let bytes = randomness.bytes(32)
        seed = bytes.withUnsafeBytes { bytes in
            func word(_ index: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self) }
            return (word(0), word(1), word(2), word(3))
        }
    }

    /// Appends the HMAC of these bytes in hex.
    mutating func appendHex(of bytes: UnsafeRawBufferPointer, with hash: KeyedHash, to output: inout [UInt8]) {
        guard bytes.count <= Self.valueBytesMax else { return hash.appendHex(of: bytes, to: &output) }
        if marks.isEmpty {
            // Zeros mark an empty place; that a value has this mark is as unlikely as that two share one.
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

    private func mark(_ bytes: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
        (Self.hash(bytes, seed.0, seed.1), Self.hash(bytes, seed.2, seed.3))
    }

    private static func hash(_ bytes: UnsafeRawBufferPointer, _ first: UInt64, _ second: UInt64) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(first)
        hasher.combine(second)
        hasher.combine(bytes.count)
        hasher.combine(bytes: bytes)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
