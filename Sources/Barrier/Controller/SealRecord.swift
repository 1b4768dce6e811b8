import Syntax

/// The record `core/seal`: how the root key is encrypted. It can be read while the server is sealed. Its content is
/// authenticated when the root key is decrypted.
struct SealRecord: Hashable {
    var kind: SealKind
    /// The shares of the unseal key; 1 of 1 for an auto-unseal seal.
    var count: ShareCount
    /// The encrypted root key.
    var wrapped: WrappedKey

    /// Returns what the encrypted root key is bound to.
    func context(instance: [UInt8]) -> SealContext {
        SealContext(instance: instance, kind: kind, shares: count.shares, threshold: count.threshold)
    }
}

extension SealRecord {
    /// Reads the record. Throws ``SealError/corrupted(_:)`` if it is malformed, or ``SealError/unknownFormat(_:)`` for
    /// an unknown kind of seal.
    init(decoding bytes: [UInt8]) throws(SealError) {
        let object = try CoreRecord(decoding: bytes, at: CoreKey.seal).object
        guard let type = object["type"]?.stringValue, let shares = object["shares"]?.intValue,
            let threshold = object["threshold"]?.intValue, let keyID = object["key_id"]?.stringValue,
            let rootKey = object["root_key"]?.stringValue.flatMap({ KeyText.base64($0) }),
            let check = object["key_check"]?.stringValue.flatMap({ KeyText.base64($0) })
        else { throw .corrupted(CoreKey.seal) }
        guard let kind = SealKind(rawValue: type) else { throw .unknownFormat(CoreKey.seal) }
        guard let count = try? ShareCount(shares: shares, threshold: threshold) else { throw .corrupted(CoreKey.seal) }
        self.init(kind: kind, count: count, wrapped: WrappedKey(keyID: keyID, bytes: rootKey, check: check))
    }

    /// Returns the JSON of the record.
    func encoded() -> [UInt8] {
        CoreRecord([
            "type": .string(kind.rawValue),
            "shares": .int(count.shares),
            "threshold": .int(count.threshold),
            "key_id": .string(wrapped.keyID),
            "root_key": .string(KeyText.base64(wrapped.bytes)),
            "key_check": .string(KeyText.base64(wrapped.check)),
        ]).encoded()
    }
}
