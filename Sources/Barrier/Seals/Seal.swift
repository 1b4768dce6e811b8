package import EngineKit
package import SecretMemory

/// A mechanism that keeps the root key while the server is down.
package protocol Seal: Sendable {
    var kind: SealKind { get }

    /// Seals the root key with the key that this seal holds now.
    func wrap(_ root: SecretBytes, _ context: SealContext, randomness: any Randomness) async throws(SealError) -> WrappedKey

    /// Opens a root key that this seal wrapped before, also with the key it held before.
    func unwrap(_ wrapped: WrappedKey, _ context: SealContext) async throws(SealError) -> SecretBytes

    /// False when the root key should be wrapped again, because the key's id is no longer the current one.
    func isCurrent(_ wrapped: WrappedKey) -> Bool

    /// The key that this seal held before, while it still has it.
    var previousKeyID: String? { get }
}

extension Seal {
    package var previousKeyID: String? { nil }
}

package enum SealKind: String, Sendable, Hashable {
    case shamir
    case `static`

    /// Whether it needs nobody at start. Such a seal gives recovery keys for what needs a quorum.
    package var opensByItself: Bool { self != .shamir }
}

/// The root key as stored, and what tells whether a key is the one that wrapped it.
package struct WrappedKey: Sendable, Hashable {
    /// Empty for shares.
    package var keyID: String
    package var bytes: [UInt8]
    package var check: [UInt8]
}

/// What a wrapped root key is bound to.
package struct SealContext: Sendable, Hashable {
    package var instance: [UInt8]
    package var kind: SealKind
    /// 1 of 1 for a seal without shares.
    package var shares: Int
    package var threshold: Int

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
