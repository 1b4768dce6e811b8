import Ciphers
import EngineKit
import SecretMemory
import Synchronization

/// The decrypted keys of a store. A keyring never changes; it is replaced as a whole. Its keys are wiped with the last
/// reference.
final class Keyring: Sendable {
    /// The key id in the envelope of the keyring's own record. The root key encrypts it, which is not a term.
    static let rootKeyID: UInt32 = 0
    /// The largest number of terms.
    static let termsMax = 100_000

    /// 16 bytes that identify the store.
    let instance: [UInt8]
    /// The root key, which encrypts the stored keyring.
    let root: SecretBytes
    let rootCipher: XAES256GCM
    /// The key that ``subkey(info:)`` derives from. It is not rotated, because every token would become invalid with
    /// it.
    let subkeyRoot: SecretBytes
    /// The terms in ascending order of their numbers; at least one.
    let terms: [KeyTerm]
    /// The last term, which encrypts new values.
    let current: KeyTerm
    /// The version of `core/keyring` that this keyring was read from or is written as.
    let version: UInt64
    /// The number of encryptions of the current term that was stored with this version.
    let storedEncryptions: UInt64

    /// Creates a keyring. Returns nil if there are no terms, more than ``termsMax``, or if their numbers do not ascend.
    init?(instance: [UInt8], root: SecretBytes, subkeyRoot: SecretBytes, terms: [KeyTerm], version: UInt64) {
        guard let current = terms.last, terms.count <= Self.termsMax,
            zip(terms, terms.dropFirst()).allSatisfy({ $0.number < $1.number }), terms[0].number > Self.rootKeyID,
            let rootCipher = try? XAES256GCM(key: root)
        else { return nil }
        self.instance = instance
        self.root = root
        self.rootCipher = rootCipher
        self.subkeyRoot = subkeyRoot
        self.terms = terms
        self.current = current
        self.version = version
        storedEncryptions = current.encryptions.load(ordering: .relaxed)
    }

    /// Adds the encryptions that `other`, another copy of these keys, counted since it was stored, so that the counts
    /// of two nodes add up.
    func addUsage(since other: Keyring) {
        let used = other.current.encryptions.load(ordering: .relaxed)
        guard let term = term(other.current.number), term !== other.current, used > other.storedEncryptions else { return }
        term.encryptions.wrappingAdd(used - other.storedEncryptions, ordering: .relaxed)
    }

    /// Returns the term with the number, or nil if the keyring has none.
    func term(_ number: UInt32) -> KeyTerm? {
        number == current.number ? current : terms.first { $0.number == number }
    }

    /// Returns the 256-bit key for the purpose `info`.
    func subkey(info: String) -> SecretBytes { KeyDerivation.key(from: subkeyRoot, salt: instance, info: info) }
}

extension Keyring {
    /// Encrypts the value of the record `key` at `version` with the current term.
    func seal(
        _ plaintext: [UInt8], key: String, version: UInt64, randomness: any Randomness
    ) throws(StorageError) -> [UInt8] {
        let context = RecordContext(instance: instance, key: key, version: version)
        do {
            let sealed = try context.withAssociatedData(keyID: current.number) { associated throws(CipherError) in
                try plaintext.withRawBytes { plaintext throws(CipherError) in
                    try Envelope.seal(
                        plaintext, with: current.cipher, keyID: current.number, authenticating: associated, randomness: randomness)
                }
            }
            current.encryptions.wrappingAdd(1, ordering: .relaxed)
            return sealed
        } catch {
            throw .limitExceeded("the value is too large to encrypt")
        }
    }

    /// Decrypts a record's value with the term that it names. Throws ``StorageError/corrupted(key:)`` if there is no
    /// such term, or if the value was not encrypted for this key and version.
    func open(_ record: StoredRecord, key: String) throws(StorageError) -> [UInt8] {
        do {
            return try record.value.withRawBytes { sealed throws(CipherError) in
                guard let keyID = Envelope.keyID(of: sealed), let term = term(keyID) else { throw .doesNotOpen }
                let context = RecordContext(instance: instance, key: key, version: record.version)
                return try context.withAssociatedData(keyID: keyID) { associated throws(CipherError) in
                    try Envelope.open(sealed, with: term.cipher, keyID: keyID, authenticating: associated)
                }
            }
        } catch {
            throw .corrupted(key: key)
        }
    }
}
