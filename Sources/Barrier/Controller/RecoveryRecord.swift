import Ciphers
import EngineKit
import SecretMemory
import Syntax

/// The record `core/recovery`: how many shares the recovery key was split into, and a check value of it. The root key
/// encrypts the check value, so that write access to the database is not enough to install another recovery key. The
/// recovery key itself is not stored.
struct RecoveryRecord: Hashable {
    private static let checkBytes = 32
    /// How many shares there are, and how many give the key back.
    var count: ShareCount
    private var sealedCheck: [UInt8]

    init(
        _ key: SecretBytes, count: ShareCount, instance: [UInt8], root: SecretBytes, randomness: any Randomness
    ) throws(SealError) {
        let check = KeyDerivation.checkValue(of: key, count: Self.checkBytes)
        try self.init(check: check, count: count, instance: instance, root: root, randomness: randomness)
    }

    private init(
        check: [UInt8], count: ShareCount, instance: [UInt8], root: SecretBytes, randomness: any Randomness
    ) throws(SealError) {
        self.count = count
        let associated = Self.associatedData(instance: instance, count: count)
        do throws(CipherError) {
            let cipher = try XAES256GCM(key: root)
            sealedCheck = try associated.withRawBytes { associated throws(CipherError) in
                try check.withRawBytes { check throws(CipherError) in
                    try Envelope.seal(
                        check, with: cipher, keyID: Keyring.rootKeyID, authenticating: associated, randomness: randomness)
                }
            }
        } catch {
            throw .corrupted(CoreKey.recovery)
        }
    }

    /// Returns the record of the same recovery key for the root key `other`.
    func reencrypted(
        from root: SecretBytes, to other: SecretBytes, instance: [UInt8], randomness: any Randomness
    ) throws(SealError) -> RecoveryRecord {
        let check = try check(instance: instance, root: root)
        return try RecoveryRecord(check: check, count: count, instance: instance, root: other, randomness: randomness)
    }

    /// Whether `key` is the recovery key. Throws if the record is damaged.
    func matches(_ key: SecretBytes, instance: [UInt8], root: SecretBytes) throws(SealError) -> Bool {
        constantTimeEqual(
            try check(instance: instance, root: root), KeyDerivation.checkValue(of: key, count: Self.checkBytes))
    }

    /// Decrypts the check value.
    private func check(instance: [UInt8], root: SecretBytes) throws(SealError) -> [UInt8] {
        let associated = Self.associatedData(instance: instance, count: count)
        do throws(CipherError) {
            let cipher = try XAES256GCM(key: root)
            return try associated.withRawBytes { associated throws(CipherError) in
                try sealedCheck.withRawBytes { sealed throws(CipherError) in
                    try Envelope.open(sealed, with: cipher, keyID: Keyring.rootKeyID, authenticating: associated)
                }
            }
        } catch {
            throw .corrupted(CoreKey.recovery)
        }
    }

    /// Reads the record. Throws ``SealError/corrupted(_:)`` if it is malformed.
    init(decoding bytes: [UInt8]) throws(SealError) {
        let object = try CoreRecord(decoding: bytes, at: CoreKey.recovery).object
        guard let shares = object["shares"]?.intValue, let threshold = object["threshold"]?.intValue,
            let check = object["key_check"]?.stringValue.flatMap({ KeyText.base64($0) }),
            let count = try? ShareCount(shares: shares, threshold: threshold)
        else { throw .corrupted(CoreKey.recovery) }
        self.count = count
        sealedCheck = check
    }

    /// Returns the JSON of the record.
    func encoded() -> [UInt8] {
        CoreRecord([
            "shares": .int(count.shares),
            "threshold": .int(count.threshold),
            "key_check": .string(KeyText.base64(sealedCheck)),
        ]).encoded()
    }

    /// Returns the bytes that are authenticated with the check value.
    private static func associatedData(instance: [UInt8], count: ShareCount) -> [UInt8] {
        let label = "coffer/recovery-key/v1"
        return [UInt8](unsafeUninitializedCapacity: 4 * 4 + label.utf8.count + instance.count + 8) { buffer, initialized in
            var writer = FieldWriter(UnsafeMutableRawBufferPointer(buffer))
            writer.field(label.utf8)
            writer.field(instance)
            writer.field(UInt32(count.shares))
            writer.field(UInt32(count.threshold))
            initialized = writer.written.count
        }
    }
}
