import SecretMemory

/// The paddings of RFC 8017 with any hash; swift-crypto supports them with a few only.
enum RSAPadding {
    /// The length of the salt of PSS, which the field `salt_length` names.
    enum SaltLength: Sendable, Hashable {
        /// When signing, the longest salt that fits; when verifying, a salt of any length.
        case auto
        case hash
        case bytes(Int)
    }

    // MARK: PSS (9.1)

    /// Returns the padded digest, or nil if it does not fit.
    static func pss(_ digest: [UInt8], _ hash: HashAlgorithm, salt: [UInt8], bits: Int) -> [UInt8]? {
        let (count, size) = ((bits + 6) / 8, hash.byteCount)
        guard digest.count == size, count >= size + salt.count + 2 else { return nil }
        let mask = hash.digest([UInt8](repeating: 0, count: 8) + digest + salt)
        var block = [UInt8](repeating: 0, count: count - size - salt.count - 2) + [1] + salt
        apply(mgf1(mask, hash: hash, count: block.count), to: &block[...])
        block[0] &= 0xFF >> UInt8(8 * count - (bits - 1))
        return [UInt8](repeating: 0, count: (bits + 7) / 8 - count) + block + mask + [0xBC]
    }

    /// Whether `padded` is what ``pss(_:_:salt:bits:)`` returns for this digest and some salt of the length.
    static func isPSS(_ padded: [UInt8], of digest: [UInt8], _ hash: HashAlgorithm, salt: SaltLength, bits: Int) -> Bool {
        let (count, size) = ((bits + 6) / 8, hash.byteCount)
        var text = padded[...]
        if count < padded.count, text.popFirst() != 0 { return false }
        guard digest.count == size, text.count == count, count >= size + 2, text.popLast() == 0xBC else { return false }
        let mask = Array(text.suffix(size))
        var block = Array(text.dropLast(size))
        let spare = UInt8(truncatingIfNeeded: 0xFF00 >> (8 * count - (bits - 1)))
        guard block[0] & spare == 0 else { return false }
        apply(mgf1(mask, hash: hash, count: block.count), to: &block[...])
        block[0] &= ~spare
        guard let one = block.firstIndex(where: { $0 != 0 }), block[one] == 1 else { return false }
        let found = block[(one + 1)...]
        switch salt {
        case .auto: break
        case .hash: guard found.count == size else { return false }
        case .bytes(let wanted): guard found.count == wanted else { return false }
        }
        return hash.digest([UInt8](repeating: 0, count: 8) + digest + found) == mask
    }

    /// Returns the length in bytes of the longest salt that fits.
    static func saltBytesMax(_ hash: HashAlgorithm, bits: Int) -> Int { (bits + 6) / 8 - hash.byteCount - 2 }

    // MARK: PKCS #1 v1.5 signatures (9.2)

    /// Returns the padded digest, or nil if it does not fit. Without a hash, the input is padded as it is.
    static func pkcs1(_ digest: [UInt8], _ hash: HashAlgorithm?, bytes: Int) -> [UInt8]? {
        if let hash, digest.count != hash.byteCount { return nil }
        let text = (hash.map(digestInfo) ?? []) + digest
        guard bytes >= text.count + 11 else { return nil }
        return [0, 1] + [UInt8](repeating: 0xFF, count: bytes - text.count - 3) + [0] + text
    }

    /// Returns the bytes of DigestInfo before the digest (9.2, note 1).
    private static func digestInfo(_ hash: HashAlgorithm) -> [UInt8] {
        let size = UInt8(hash.byteCount)
        if hash == .sha1 { return [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, size] }
        let arc: UInt8 =
            switch hash {
            case .sha1: 0
            case .sha256: 1
            case .sha384: 2
            case .sha512: 3
            case .sha224: 4
            case .sha3x224: 7
            case .sha3x256: 8
            case .sha3x384: 9
            case .sha3x512: 10
            }
        return [
            0x30, size + 17, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, arc, 0x05, 0x00, 0x04, size,
        ]
    }

    // MARK: OAEP (7.1), MGF1 with the same hash and no label

    /// Returns the padded message, or nil if it is too long. The seed is random, and as long as the hash.
    static func oaep(_ message: some Collection<UInt8>, _ hash: HashAlgorithm, seed: [UInt8], bytes: Int) -> [UInt8]? {
        let size = hash.byteCount
        guard seed.count == size, message.count + 2 * size + 2 <= bytes else { return nil }
        var block = hash.digest([])
        block += [UInt8](repeating: 0, count: bytes - message.count - 2 * size - 2) + [1]
        block += message
        apply(mgf1(seed, hash: hash, count: block.count), to: &block[...])
        var masked = seed
        apply(mgf1(block, hash: hash, count: size), to: &masked[...])
        return [0] + masked + block
    }

    /// Returns the message, or nil for any failure, and wipes `padded`. The time does not depend on the bytes, because it
    /// would otherwise be a padding oracle.
    static func openOAEP(_ padded: inout [UInt8], _ hash: HashAlgorithm) -> SecretBytes? {
        let size = hash.byteCount
        guard padded.count >= 2 * size + 2 else { return nil }
        defer { zero(&padded) }
        let seedMask = mgf1(Array(padded[(1 + size)...]), hash: hash, count: size)
        apply(seedMask, to: &padded[1..<1 + size])
        let blockMask = mgf1(Array(padded[1..<1 + size]), hash: hash, count: padded.count - 1 - size)
        apply(blockMask, to: &padded[(1 + size)...])
        // `wrong` collects all differences; `start` is the position after the first 1 that only zeros precede.
        var wrong = padded[0]
        for (index, byte) in hash.digest([]).enumerated() { wrong |= padded[1 + size + index] ^ byte }
        var (looking, start): (UInt8, Int) = (0xFF, 0)
        for index in (1 + 2 * size)..<padded.count {
            let byte = padded[index]
            let isOne = isZero(byte ^ 1) & looking
            let isOther = ~isZero(byte) & ~isZero(byte ^ 1) & looking
            wrong |= isOther
            start |= (index + 1) & (0 &- Int(isOne & 1))
            looking &= ~(isOne | isOther)
        }
        wrong |= looking
        guard wrong == 0 else { return nil }
        return SecretBytes(padded[start...])
    }

    /// Returns 0xFF for 0, and 0 for everything else, without a branch.
    private static func isZero(_ byte: UInt8) -> UInt8 { 0 &- UInt8(truncatingIfNeeded: (UInt16(byte) &- 1) >> 15) }

    /// The mask generation function MGF1 (B.2.1).
    private static func mgf1(_ seed: [UInt8], hash: HashAlgorithm, count: Int) -> [UInt8] {
        var output: [UInt8] = []
        var counter: UInt32 = 0
        while output.count < count {
            output += hash.digest(seed + withUnsafeBytes(of: counter.bigEndian) { Array($0) })
            counter += 1
        }
        return Array(output[..<count])
    }

    private static func apply(_ mask: [UInt8], to bytes: inout ArraySlice<UInt8>) {
        for (offset, index) in bytes.indices.enumerated() { bytes[index] ^= mask[offset] }
    }
}
