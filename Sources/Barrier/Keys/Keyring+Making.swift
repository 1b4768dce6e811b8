import EngineKit
import SecretMemory

extension Keyring {
    /// Returns random keys for a new store.
    static func make(version: UInt64, time: Timestamp, randomness: any Randomness) throws(SealError) -> Keyring {
        let term = try term(number: 1, time: time, randomness: randomness)
        let made = Keyring(
            instance: randomness.bytes(16), root: randomness.secret(), subkeyRoot: randomness.secret(), terms: [term],
            version: version)
        guard let made else { throw .corrupted(CoreKey.keyring) }
        return made
    }

    /// Returns the same keys with one more term, which encrypts from now on.
    func rotated(version: UInt64, time: Timestamp, randomness: any Randomness) throws(SealError) -> Keyring {
        guard terms.count < Self.termsMax, current.number < .max else {
            throw .limitExceeded("the keyring has the most terms that it may have, so the key cannot be rotated again")
        }
        let term = try Self.term(number: current.number + 1, time: time, randomness: randomness)
        return try replacing(root: root, terms: terms + [term], version: version)
    }

    /// Returns the same terms under the root key `root`.
    func replacingRoot(_ root: SecretBytes, version: UInt64) throws(SealError) -> Keyring {
        try replacing(root: root, terms: terms, version: version)
    }

    /// Returns the same keys for storing them again as `version`. The terms are shared, so encryptions that are counted
    /// meanwhile are not lost.
    func restored(version: UInt64) throws(SealError) -> Keyring { try replacing(root: root, terms: terms, version: version) }

    private func replacing(root: SecretBytes, terms: [KeyTerm], version: UInt64) throws(SealError) -> Keyring {
        let made = Keyring(instance: instance, root: root, subkeyRoot: subkeyRoot, terms: terms, version: version)
        guard let made else { throw .corrupted(CoreKey.keyring) }
        return made
    }

    /// Returns a term with a new random key.
    private static func term(number: UInt32, time: Timestamp, randomness: any Randomness) throws(SealError) -> KeyTerm {
        do {
            return try KeyTerm(number: number, created: time, key: randomness.secret())
        } catch {
            throw .corrupted(CoreKey.keyring)
        }
    }
}

extension Randomness {
    /// Returns a new random 256-bit key.
    func secret() -> SecretBytes { SecretBytes(count: KeyDerivation.keyBytes) { fill($0) } }
}
