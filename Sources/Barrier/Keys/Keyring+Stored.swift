import Ciphers
import EngineKit
import SecretMemory
import Synchronization

/// The stored form of a keyring. The root key encrypts this plaintext (numbers are big-endian, sizes in bytes):
///
/// `format 1 (1) | subkey root (32) | count (4) | count × (term (4) | created, ns (8) | encryptions (8) | key (32))`.
extension Keyring {
    private static let format: UInt8 = 1
    private static let headBytes = 1 + KeyDerivation.keyBytes + 4
    private static let termBytes = 4 + 8 + 8 + KeyDerivation.keyBytes

    /// Returns the value of `core/keyring`, encrypted by the root key and bound to `version`.
    func sealedRecord(version: UInt64, randomness: any Randomness) throws(SealError) -> [UInt8] {
        let encoded = encoded()
        let context = RecordContext(instance: instance, key: CoreKey.keyring, version: version)
        do throws(CipherError) {
            return try context.withAssociatedData(keyID: Self.rootKeyID) { associated throws(CipherError) in
                try encoded.withBytes { plaintext throws(CipherError) in
                    try Envelope.seal(
                        plaintext, with: rootCipher, keyID: Self.rootKeyID, authenticating: associated, randomness: randomness)
                }
            }
        } catch {
            throw .corrupted(CoreKey.keyring)
        }
    }

    /// Decrypts the record of `core/keyring` with the root key. Throws ``SealError/corrupted(_:)`` if it does not
    /// decrypt or is malformed.
    static func open(_ record: StoredRecord, root: SecretBytes, instance: [UInt8]) throws(SealError) -> Keyring {
        let context = RecordContext(instance: instance, key: CoreKey.keyring, version: record.version)
        var opened: [UInt8]
        do throws(CipherError) {
            let cipher = try XAES256GCM(key: root)
            opened = try context.withAssociatedData(keyID: rootKeyID) { associated throws(CipherError) in
                try record.value.withRawBytes { sealed throws(CipherError) in
                    try Envelope.open(sealed, with: cipher, keyID: rootKeyID, authenticating: associated)
                }
            }
        } catch {
            throw .corrupted(CoreKey.keyring)
        }
        defer { zero(&opened) }
        guard let keyring = decode(opened, root: root, instance: instance, version: record.version) else {
            throw .corrupted(CoreKey.keyring)
        }
        return keyring
    }

    /// Returns the plaintext of the stored form.
    private func encoded() -> SecretBytes {
        SecretBytes(count: Self.headBytes + terms.count * Self.termBytes) { buffer in
            var position = 0
            func append(_ secret: SecretBytes) {
                secret.withBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[position...]).copyMemory(from: $0) }
                position += secret.count
            }
            func append<Number: FixedWidthInteger>(_ number: Number) {
                buffer.storeBytes(of: number.bigEndian, toByteOffset: position, as: Number.self)
                position += number.bitWidth / 8
            }
            append(Self.format)
            append(subkeyRoot)
            append(UInt32(terms.count))
            for term in terms {
                append(term.number)
                append(term.created.nanoseconds)
                append(term.encryptions.load(ordering: .relaxed))
                append(term.key)
            }
        }
    }

    /// Reads the plaintext of the stored form. Returns nil if it is malformed.
    private static func decode(_ bytes: [UInt8], root: SecretBytes, instance: [UInt8], version: UInt64) -> Keyring? {
        bytes.withUnsafeBytes { bytes in
            guard bytes.count >= headBytes, bytes[0] == format else { return nil }
            func number<Number: FixedWidthInteger>(_ offset: Int) -> Number {
                Number(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
            }
            func secret(_ offset: Int) -> SecretBytes {
                SecretBytes(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + KeyDerivation.keyBytes]))
            }
            let count = Int(number(1 + KeyDerivation.keyBytes) as UInt32)
            guard count <= termsMax, bytes.count == headBytes + count * termBytes else { return nil }
            var terms: [KeyTerm] = []
            for index in 0..<count {
                let offset = headBytes + index * termBytes
                guard
                    let term = try? KeyTerm(
                        number: number(offset), created: Timestamp(nanoseconds: number(offset + 4)), key: secret(offset + 20),
                        encryptions: number(offset + 12))
                else { return nil }
                terms.append(term)
            }
            return Keyring(instance: instance, root: root, subkeyRoot: secret(1), terms: terms, version: version)
        }
    }
}
