import EngineKit
import Records
import Syntax

/// The record of a secret id. It does not hold the secret id itself, whose HMAC is the name of the record.
struct SecretID: Sendable, Hashable {
    let accessor: String
    let createdAt: Timestamp
    var updatedAt: Timestamp
    /// When it expires; nil for never.
    let expiresAt: Timestamp?
    /// The TTL that it was created with, in seconds; 0 for no limit.
    let ttl: Int
    /// The number of logins that are left; 0 for any number.
    var usesLeft: Int
    let metadata: [String: String]
    let bounds: AddressBounds
    let tokenBounds: AddressBounds

    init(accessor: String, terms: SecretIDTerms, at now: Timestamp) {
        self.accessor = accessor
        createdAt = now
        updatedAt = now
        expiresAt = terms.ttl > 0 ? now.adding(seconds: terms.ttl) : nil
        ttl = terms.ttl
        usesLeft = terms.uses
        metadata = terms.metadata
        bounds = terms.bounds
        tokenBounds = terms.tokenBounds
    }

    func isValid(at now: Timestamp) -> Bool { expiresAt.map { now < $0 } ?? true }

    var shown: JSONObject {
        [
            "cidr_list": .strings(bounds.texts), "creation_time": .string(createdAt.description),
            "expiration_time": .string(expiresAt?.description ?? "0001-01-01T00:00:00Z"),
            "last_updated_time": .string(updatedAt.description), "metadata": .map(metadata),
            "secret_id_accessor": .string(accessor), "secret_id_num_uses": .int(usesLeft), "secret_id_ttl": .int(ttl),
            "token_bound_cidrs": .strings(tokenBounds.texts),
        ]
    }

    var encoded: [UInt8] {
        let object: JSONObject = [
            "accessor": .string(accessor), "created": .int(createdAt.nanoseconds), "updated": .int(updatedAt.nanoseconds),
            "expires": expiresAt.map { .int($0.nanoseconds) } ?? .null, "ttl": .int(ttl), "uses": .int(usesLeft),
            "metadata": .map(metadata), "cidrs": .strings(bounds.texts), "token_cidrs": .strings(tokenBounds.texts),
        ]
        return JSON.object(object).encoded()
    }

    init(decoding bytes: [UInt8], key: String) throws(StorageError) {
        guard let object = (try? JSON(parsing: bytes))?.objectValue, let accessor = object["accessor"]?.stringValue,
            let created = object["created"]?.intValue, let updated = object["updated"]?.intValue,
            let expires = object["expires"], expires.isNull || expires.intValue != nil, let ttl = object["ttl"]?.intValue,
            let uses = object["uses"]?.intValue, let metadata = object["metadata"]?.objectValue,
            let bounds = object["cidrs"]?.texts.flatMap(AddressBounds.init(stored:)),
            let tokenBounds = object["token_cidrs"]?.texts.flatMap(AddressBounds.init(stored:))
        else { throw .corrupted(key: key) }
        self.accessor = accessor
        createdAt = Timestamp(nanoseconds: Int64(created))
        updatedAt = Timestamp(nanoseconds: Int64(updated))
        expiresAt = expires.intValue.map { Timestamp(nanoseconds: Int64($0)) }
        self.ttl = ttl
        usesLeft = uses
        self.metadata = Dictionary(metadata.map { ($0.key, $0.value.stringValue ?? "") }, uniquingKeysWith: { $1 })
        self.bounds = bounds
        self.tokenBounds = tokenBounds
    }
}
