package import EngineKit

/// Why the seal refuses. No text holds a key or a share.
package enum SealError: Error, Hashable, Sendable {
    case notInitialized
    case alreadyInitialized
    case sealed
    case invalidShareCount(String)
    /// Not hex or base64, or not as long as a share of this store.
    case malformedShare
    /// The shares belong to another key. They were thrown away: start again.
    case wrongShares
    /// The key at `source` is not the one that this store was sealed with.
    case wrongKey(source: String)
    /// No configured key has the id that this store was sealed with.
    case unknownKeyID(String)
    case refusedKey(source: String, KeyRefusal)
    case noAttempt
    case noVerification
    case attemptInProgress
    case wrongNonce
    case invalidOTP(lengthsAllowed: ClosedRange<Int>)
    /// Shares were given while the configured seal differs from the stored one, without the word to migrate.
    case migrationPending
    /// The seal that the store was sealed with is not in the configuration.
    case storedSealMissing
    case noMigrationPending
    case notSupported(String)
    case tooBusy
    case limitExceeded(String)
    /// A record below `core/` that is damaged, missing or of another store.
    case corrupted(String)
    /// A record below `core/` that a newer version wrote.
    case unknownFormat(String)
    /// The keyring's key of this term is not the one that this store's records were sealed with.
    case termMismatch(UInt32)
    case storage(StorageError)
}

extension SealError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notInitialized: "Coffer is not initialized"
        case .alreadyInitialized: "Coffer is already initialized"
        case .sealed: "Coffer is sealed"
        case .invalidShareCount(let reason): "invalid seal configuration: \(reason)"
        case .malformedShare: "'key' must be one share of this store, in hex or base64"
        case .wrongShares: "the shares do not open this store; all of them were dropped, start again with the first"
        case .wrongKey(let source): "the key from \(source) is not the one that this store was sealed with"
        case .unknownKeyID(let id):
            "this store was sealed with the key \"\(id)\", which is not configured; name it as previous_key_id and previous_key"
        case .refusedKey(let source, let reason): "the key from \(source) is refused: \(reason)"
        case .noAttempt: "no such operation in progress"
        case .noVerification: "no rekey configuration found"
        case .attemptInProgress: "an operation of this kind is already in progress"
        case .wrongNonce: "incorrect nonce supplied for this operation"
        case .invalidOTP(let lengths):
            "the OTP must be \(lengths.lowerBound) to \(lengths.upperBound) bytes long; leave it out to have one generated"
        case .migrationPending: "the seal is being changed: give the shares with `coffer operator unseal -migrate`"
        case .storedSealMissing:
            "the store was sealed with a seal that is not in the configuration; put its seal block back, with disabled = \"true\" to "
                + "change to another seal, and restart"
        case .noMigrationPending: "migrate was asked for, but the configured seal is the stored one"
        case .notSupported(let what): what
        case .tooBusy: "too many seal operations are waiting"
        case .limitExceeded(let what): "too many: \(what)"
        case .corrupted(let key): "\(key) is missing or damaged, or belongs to another store"
        case .unknownFormat(let key): "\(key) was written by a newer version"
        case .termMismatch(let term): "the key of term \(term) is not the one that this store's records were sealed with"
        case .storage(let error): Self.text(error)
        }
    }

    private static func text(_ error: StorageError) -> String {
        switch error {
        case .conflict, .contended: "another operation changed the seal at the same time; try again"
        case .limitExceeded(let what): what
        case .unavailable(let what): what
        case .corrupted(let key): "\(key) is damaged"
        case .sealed: "Coffer is sealed"
        }
    }
}
