import Crypto
import EngineKit

/// An owner's data key. Everything of the owner is sealed with it before the barrier seals it again, so deleting the key
/// destroys all of it, even in backups of single records.
struct OwnerKey: Sendable {
    /// Whether the owner is being deleted, so that nothing of it may be read or written.
    var isDeleting = false
    /// The version of the stored record, which every write of something sealed with the key is conditional on.
    var version: UInt64 = 0
    private let key: SymmetricKey

    private static let format: UInt8 = 1
    private static let keyBytes = 32
    private static let mark = Array("coffer-connection/v1".utf8)

    /// Creates a new key.
    init(randomness: any Randomness) { key = SymmetricKey(data: randomness.bytes(Self.keyBytes)) }

    /// Reads a stored key.
    ///
    /// - Parameter name: The key of the record, for the error.
    init(decoding record: StoredRecord, key name: String) throws(StorageError) {
        let bytes = record.value
        guard bytes.count == 2 + Self.keyBytes, bytes[0] == Self.format, bytes[1] <= 1 else { throw .corrupted(key: name) }
        isDeleting = bytes[1] == 1
        version = record.version
        key = SymmetricKey(data: bytes[2...])
    }

    /// The key as it is stored: format (1 byte), whether the owner is being deleted (1), key (32).
    var encoded: [UInt8] { [Self.format, isDeleting ? 1 : 0] + key.withUnsafeBytes { Array($0) } }

    /// Seals a connection with AES-256-GCM: `format (1) | nonce (12) | ciphertext | tag (16)`, bound to the connection that it
    /// belongs to.
    func seal(_ plain: [UInt8], for id: ConnectionID, randomness: any Randomness) throws(CofferError) -> [UInt8] {
        do {
            let nonce = try AES.GCM.Nonce(data: randomness.bytes(12))
            let box = try AES.GCM.seal(plain, using: key, nonce: nonce, authenticating: Self.associated(id))
            return [Self.format] + (box.combined ?? box.ciphertext)
        } catch {
            throw CofferError(.internal, "the connection could not be sealed")
        }
    }

    /// Opens a sealed connection. Throws if it was altered or belongs to another connection.
    func open(_ sealed: [UInt8], for id: ConnectionID, key name: String) throws(StorageError) -> [UInt8] {
        guard sealed.first == Self.format, sealed.count > 29 else { throw .corrupted(key: name) }
        do {
            return Array(
                try AES.GCM.open(AES.GCM.SealedBox(combined: sealed[1...]), using: key, authenticating: Self.associated(id)))
        } catch {
            throw .corrupted(key: name)
        }
    }

    /// The authenticated data: the connection's owner, environment and platform, each preceded by its length.
    private static func associated(_ id: ConnectionID) -> [UInt8] {
        var bytes = mark
        for text in [id.owner.description, id.environment, id.platform] {
            let count = UInt32(text.utf8.count)
            bytes += [UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
            bytes += Array(text.utf8)
        }
        return bytes
    }
}
