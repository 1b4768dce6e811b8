package import EngineKit
package import SecretMemory

/// A mechanism that protects the root key while the server is down.
package protocol Seal: Sendable {
    /// The kind of the seal, which the stored seal is compared with.
    var kind: SealKind { get }

    /// Encrypts the root key with the seal's current key.
    func wrap(_ root: SecretBytes, _ context: SealContext, randomness: any Randomness) async throws(SealError) -> WrappedKey

    /// Decrypts a root key that this seal encrypted, with its current or its previous key.
    ///
    /// - Throws: ``SealError/unknownKeyID(_:)`` if the key is not configured, or ``SealError/wrongKey(source:)`` if it
    /// is another key.
    func unwrap(_ wrapped: WrappedKey, _ context: SealContext) async throws(SealError) -> SecretBytes

    /// Whether the root key is encrypted with the seal's current key. If not, it should be encrypted again.
    func isCurrent(_ wrapped: WrappedKey) -> Bool

    /// The id of the seal's previous key, or nil if none is configured.
    var previousKeyID: String? { get }
}

extension Seal {
    /// No previous key.
    package var previousKeyID: String? { nil }
}

/// The kinds of seals, as `core/seal` and `sys/seal-status` name them.
package enum SealKind: String, Sendable, Hashable {
    /// The shares of an unseal key, held by people.
    case shamir
    /// A key that the server reads at start.
    case `static`

    /// Whether this is an auto-unseal seal, which opens at start without key shares. Operations that need a quorum then
    /// use recovery keys.
    package var unsealsAutomatically: Bool { self != .shamir }
}

/// An encrypted root key, and what identifies the key that encrypted it.
package struct WrappedKey: Sendable, Hashable {
    /// The id of the key that encrypted it; empty for a Shamir seal.
    package var keyID: String
    /// The envelope of the root key.
    package var bytes: [UInt8]
    /// The check value of the key that encrypted it.
    package var check: [UInt8]
}

/// What an encrypted root key is bound to.
package struct SealContext: Sendable, Hashable {
    /// 16 bytes that identify the store.
    package var instance: [UInt8]
    /// The kind of the seal.
    package var kind: SealKind
    /// The number of shares of the unseal key; 1 for an auto-unseal seal.
    package var shares: Int
    /// How many of the shares give the key back; 1 for an auto-unseal seal.
    package var threshold: Int

    /// Returns the bytes that are authenticated with the root key: a label, then each member and the key id as a field.
    func associatedData(keyID: String) -> [UInt8] {
        let label = "coffer/root-key/v1"
        let bytes = 6 * 4 + label.utf8.count + instance.count + kind.rawValue.utf8.count + keyID.utf8.count + 8
        return [UInt8](unsafeUninitializedCapacity: bytes) { buffer, initialized in
            var writer = FieldWriter(UnsafeMutableRawBufferPointer(buffer))
            writer.field(label.utf8)
            writer.field(instance)
            writer.field(kind.rawValue.utf8)
            writer.field(keyID.utf8)
            writer.field(UInt32(shares))
            writer.field(UInt32(threshold))
            initialized = writer.written.count
        }
    }
}
