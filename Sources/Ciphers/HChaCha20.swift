/// Derives the key of an XChaCha20 message (draft-irtf-cfrg-xchacha-03, 2.2) with the rounds of ChaCha20 and without its final
/// addition.
///
/// It consists of additions, rotations and exclusive ors, so that its time does not depend on the key.
enum HChaCha20 {
    /// Writes the 32 bytes that are derived from a key of 32 bytes and the first 16 bytes of the nonce.
    static func derive(key: UnsafeRawBufferPointer, nonce: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) {
        precondition(key.count == 32 && nonce.count >= 16 && output.count == 32)
        func word(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> UInt32 {
            UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
        }
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 16) { state in
            state[0] = 0x6170_7865
            state[1] = 0x3320_646e
            state[2] = 0x7962_2d32
            state[3] = 0x6b20_6574
            for index in 0..<8 { state[4 + index] = word(key, index) }
            for index in 0..<4 { state[12 + index] = word(nonce, index) }
            for _ in 0..<10 {
                for column in 0..<4 { quarter(state, a: column, b: 4 + column, c: 8 + column, d: 12 + column) }
                for diagonal in 0..<4 {
                    quarter(state, a: diagonal, b: 4 + (diagonal + 1) % 4, c: 8 + (diagonal + 2) % 4, d: 12 + (diagonal + 3) % 4)
                }
            }
            for index in 0..<4 {
                output.storeBytes(of: state[index].littleEndian, toByteOffset: index * 4, as: UInt32.self)
                output.storeBytes(of: state[12 + index].littleEndian, toByteOffset: 16 + index * 4, as: UInt32.self)
            }
            for index in 0..<16 { state[index] = 0 }
        }
    }

    /// The quarter round of ChaCha20 (RFC 8439, 2.1).
    private static func quarter(_ state: UnsafeMutableBufferPointer<UInt32>, a: Int, b: Int, c: Int, d: Int) {
        state[a] &+= state[b]
        state[d] = rotated(state[d] ^ state[a], 16)
        state[c] &+= state[d]
        state[b] = rotated(state[b] ^ state[c], 12)
        state[a] &+= state[b]
        state[d] = rotated(state[d] ^ state[a], 8)
        state[c] &+= state[d]
        state[b] = rotated(state[b] ^ state[c], 7)
    }

    private static func rotated(_ word: UInt32, _ bits: UInt32) -> UInt32 { word &<< bits | word &>> (32 &- bits) }
}
