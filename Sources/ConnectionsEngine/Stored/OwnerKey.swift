import Crypto
import EngineKit

/// An owner's data key, which everything of the owner is sealed with before the barrier seals it again. When it is
/// destroyed, so is everything that was sealed with it, in backups of single records too.
struct OwnerKey: Sendable {
    /// Being deleted: nothing is read or written any more.
    var isDeleting = false
    /// Of the stored record: the precondition of everything that is sealed with the key.
    var version: UInt64 = 0
    private let key: SymmetricKey

    private static let format: UInt8 = 1
    private static let keyBytes = 32
    private static let mark = Array("coffer-connection/v1".utf8)

    init(randomness: any Randomness) { key = SymmetricKey(data: randomness.bytes(Self.keyBytes)) }

    init(decoding record: StoredRecord, key name: String) throws(StorageError) {
        let bytes = record.value
        guard bytes.count == 2 + Self.keyBytes, bytes[0] == Self.format, bytes[1] <= 1 else { throw .corrupted(key: name) }
        isDeleting = bytes[1] == 1
        version = record.version
        key = SymmetricKey(data: bytes[2...])
    }

    var encoded: [UInt8] { [Self.format, isDeleting ? 1 : 0] + key.withUnsafeBytes { Array($0) } }

    /// `format (1) | nonce (12) | ciphertext | tag (16)`, bound to the connection it belongs to.
    func seal(_ plain: [UInt8], for id: ConnectionID, randomness: any Randomness) throws(CofferError) -> [UInt8] {
        do {
            let nonce = try AES.GCM.Nonce(data: randomness.bytes(12))
            let box = try AES.GCM.seal(plain, using: key, nonce: nonce, authenticating: Self.associated(id))
            return [Self.format] + (box.combined ?? box.ciphertext)
        } catch {
            throw CofferError(.internal, "the connection could not be sealed")
        }
    }

    func open(_ sealed: [UInt8], for id: ConnectionID, key name: String) throws(StorageError) -> [UInt8] {
        guard sealed.first == Self.format, sealed.count > 29 else { throw .corrupted(key: name) }
        do {
            return Array(
                try AES.GCM.open(AES.GCM.SealedBox(combined: sealed[1...]), using: key, authenticating: Self.associated(id)))
        } catch {
            throw .corrupted(key: name)
        }
    }

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
