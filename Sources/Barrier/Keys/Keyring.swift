import Ciphers
import EngineKit
import SecretMemory
import Synchronization

/// The open keys: never changed, only replaced. Dropping the last reference wipes them.
final class Keyring: Sendable {
    /// The key that seals this keyring is no term.
    static let rootKeyID: UInt32 = 0
    static let termsMax = 100_000

    let instance: [UInt8]
    let root: SecretBytes
    let rootCipher: XAES256GCM
    /// Where subkeys come from. Rotation leaves it alone, or every token would be lost with the old term.
    let subkeyRoot: SecretBytes
    /// Ascending by number, never empty.
    let terms: [KeyTerm]
    let current: KeyTerm
    /// The stored version of `core/keyring` that this is.
    let version: UInt64
    /// The current term's count as it was stored with this version.
    let storedEncryptions: UInt64

    /// Nil unless there are terms in ascending order.
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

    /// Adds what was sealed with another copy of these keys since it was stored, so that two nodes' counts add up.
    func addUsage(since other: Keyring) {
        let used = other.current.encryptions.load(ordering: .relaxed)
        guard let term = term(other.current.number), term !== other.current, used > other.storedEncryptions else { return }
        term.encryptions.wrappingAdd(used - other.storedEncryptions, ordering: .relaxed)
    }

    func term(_ number: UInt32) -> KeyTerm? {
        number == current.number ? current : terms.first { $0.number == number }
    }

    func subkey(info: String) -> SecretBytes { KeyDerivation.key(from: subkeyRoot, salt: instance, info: info) }
}

extension Keyring {
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
            throw .limitExceeded("a record is too large to seal")
        }
    }

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
