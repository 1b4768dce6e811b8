import Ciphers
import SecretMemory
import Testing

@Suite struct AESKeyWrapPaddingTests {
    private static let key = SecretBytes([
        0x58, 0x40, 0xDF, 0x6E, 0x29, 0xB0, 0x2A, 0xF1, 0xAB, 0x49, 0x3B, 0x70, 0x5B, 0xF1, 0x6E, 0xA1, 0xAE, 0x83, 0x38, 0xF4,
        0xDC,
        0xC1, 0x76, 0xA8,
    ])
    /// RFC 5649, 6.
    static let vectors: [(plain: [UInt8], wrapped: [UInt8])] = [
        (
            [
                0xC3, 0x7B, 0x7E, 0x64, 0x92, 0x58, 0x43, 0x40, 0xBE, 0xD1, 0x22, 0x07, 0x80, 0x89, 0x41, 0x15, 0x50, 0x68, 0xF7,
                0x38,
            ],
            [
                0x13, 0x8B, 0xDE, 0xAA, 0x9B, 0x8F, 0xA7, 0xFC, 0x61, 0xF9, 0x77, 0x42, 0xE7, 0x22, 0x48, 0xEE, 0x5A, 0xE6, 0xAE,
                0x53,
                0x60, 0xD1, 0xAE, 0x6A, 0x5F, 0x54, 0xF3, 0x73, 0xFA, 0x54, 0x3B, 0x6A,
            ]
        ),
        (
            [0x46, 0x6F, 0x72, 0x50, 0x61, 0x73, 0x69],
            [0xAF, 0xBE, 0xB0, 0xF0, 0x7D, 0xFB, 0xF5, 0x41, 0x92, 0x00, 0xF2, 0xCC, 0xB5, 0x0B, 0xB2, 0x4F]
        ),
    ]

    @Test(arguments: vectors.indices) func `wraps and unwraps as RFC 5649 says`(_ index: Int) throws {
        let vector = Self.vectors[index]
        #expect(try vector.plain.withUnsafeBytes { try AESKeyWrapPadding.wrap($0, under: Self.key) } == vector.wrapped)
        #expect(try AESKeyWrapPadding.unwrap(vector.wrapped, under: Self.key).withBytes { Array($0) } == vector.plain)
    }

    @Test(arguments: vectors.indices) func `refuses a wrapped key with any byte changed`(_ index: Int) {
        for position in Self.vectors[index].wrapped.indices {
            var changed = Self.vectors[index].wrapped
            changed[position] ^= 0x10
            #expect(throws: CipherError.doesNotOpen) { try AESKeyWrapPadding.unwrap(changed, under: Self.key) }
        }
        for count in [0, 8, 15, 24, 33] {
            let text = [UInt8](repeating: 0, count: count)
            #expect(throws: CipherError.doesNotOpen) { try AESKeyWrapPadding.unwrap(text, under: Self.key) }
        }
    }
}
