/// SHAKE-128 (FIPS 202), for the accumulated vectors of XAES-256-GCM.
struct SHAKE128 {
    private static let rate = 168
    private static let roundConstants: [UInt64] = [
        0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808A, 0x8000_0000_8000_8000,
        0x0000_0000_0000_808B, 0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
        0x0000_0000_0000_008A, 0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000A,
        0x0000_0000_8000_808B, 0x8000_0000_0000_008B, 0x8000_0000_0000_8089, 0x8000_0000_0000_8003,
        0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800A, 0x8000_0000_8000_000A,
        0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
    ]
    private static let rotations = [
        1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44,
    ]
    private static let lanes = [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1]

    private var lanes = [UInt64](repeating: 0, count: 25)
    private var position = 0
    private var isSqueezing = false

    mutating func absorb(_ bytes: [UInt8]) {
        for byte in bytes {
            lanes[position / 8] ^= UInt64(byte) << UInt64(position % 8 * 8)
            position += 1
            if position == Self.rate { permute() }
        }
    }

    mutating func squeeze(_ count: Int) -> [UInt8] {
        if !isSqueezing {
            lanes[position / 8] ^= 0x1F << UInt64(position % 8 * 8)
            lanes[(Self.rate - 1) / 8] ^= 0x80 << 56
            isSqueezing = true
            permute()
        }
        return (0..<count).map { _ in
            if position == Self.rate { permute() }
            defer { position += 1 }
            return UInt8(truncatingIfNeeded: lanes[position / 8] >> UInt64(position % 8 * 8))
        }
    }

    private mutating func permute() {
        position = 0
        lanes.withUnsafeMutableBufferPointer { a in
            for constant in Self.roundConstants {
                let c: [UInt64] = (0..<5).map { x in stride(from: x, to: 25, by: 5).reduce(0) { $0 ^ a[$1] } }
                for x in 0..<5 {
                    let right = c[(x + 1) % 5]
                    let d = c[(x + 4) % 5] ^ (right << 1 | right >> 63)
                    for y in stride(from: 0, to: 25, by: 5) { a[x + y] ^= d }
                }
                var last = a[1]
                for (lane, rotation) in zip(Self.lanes, Self.rotations) {
                    let next = a[lane]
                    a[lane] = last << UInt64(rotation) | last >> UInt64(64 - rotation)
                    last = next
                }
                for y in stride(from: 0, to: 25, by: 5) {
                    let row = (0..<5).map { a[y + $0] }
                    for x in 0..<5 { a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]) }
                }
                a[0] ^= constant
            }
        }
    }
}
