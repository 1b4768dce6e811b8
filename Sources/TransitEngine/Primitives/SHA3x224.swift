import Crypto

/// SHA3-224 (FIPS 202), which swift-crypto lacks.
struct SHA3x224: HashFunction {
    typealias Digest = RawDigest
    static let blockByteCount = 144
    static let byteCount = 28

    private var state = [UInt64](repeating: 0, count: 25)
    private var position = 0

    init() {}

    mutating func update(bufferPointer: UnsafeRawBufferPointer) {
        for byte in bufferPointer {
            mix(byte)
            position += 1
            if position == Self.blockByteCount {
                Self.permute(&state)
                position = 0
            }
        }
    }

    func finalize() -> RawDigest {
        var last = self
        last.mix(0x06)
        last.position = Self.blockByteCount - 1
        last.mix(0x80)
        Self.permute(&last.state)
        return RawDigest(
            bytes: (0..<28).map { UInt8(truncatingIfNeeded: last.state[$0 / 8] >> UInt64($0 % 8 * 8)) })
    }

    private mutating func mix(_ byte: UInt8) { state[position / 8] ^= UInt64(byte) << UInt64(position % 8 * 8) }

    private static func permute(_ state: inout [UInt64]) {
        func rotated(_ word: UInt64, _ bits: Int) -> UInt64 { bits == 0 ? word : word << UInt64(bits) | word >> UInt64(64 - bits) }
        for round in constants {
            var column = [UInt64](repeating: 0, count: 5)
            for x in 0..<5 { column[x] = state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20] }
            for x in 0..<5 {
                let mask = column[(x + 4) % 5] ^ rotated(column[(x + 1) % 5], 1)
                for y in 0..<5 { state[x + 5 * y] ^= mask }
            }
            var (x, y, carried) = (1, 0, state[1])
            for step in 0..<24 {
                (x, y) = (y, (2 * x + 3 * y) % 5)
                let next = state[x + 5 * y]
                state[x + 5 * y] = rotated(carried, (step + 1) * (step + 2) / 2 % 64)
                carried = next
            }
            for y in 0..<5 {
                let row = Array(state[5 * y..<5 * y + 5])
                for x in 0..<5 { state[x + 5 * y] = row[x] ^ ~row[(x + 1) % 5] & row[(x + 2) % 5] }
            }
            state[0] ^= round
        }
    }

    private static let constants: [UInt64] = [
        0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808a, 0x8000_0000_8000_8000, 0x0000_0000_0000_808b,
        0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009, 0x0000_0000_0000_008a, 0x0000_0000_0000_0088,
        0x0000_0000_8000_8009, 0x0000_0000_8000_000a, 0x0000_0000_8000_808b, 0x8000_0000_0000_008b, 0x8000_0000_0000_8089,
        0x8000_0000_0000_8003, 0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800a, 0x8000_0000_8000_000a,
        0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
    ]
}
