package import EngineKit

/// Why an operation on the seal failed. No message contains a key or a share.
package enum SealError: Error, Hashable, Sendable {
    /// The store has no seal yet.
    case notInitialized
    /// The store has a seal.
    case alreadyInitialized
    /// The barrier has no keys.
    case sealed
    /// The number of shares or the threshold is not allowed, with the reason.
    case invalidShareCount(String)
    /// The share is not hex or base64, or its length differs from that of the store's shares.
    case malformedShare
    /// The shares belong to another key. They were all discarded.
    case wrongShares
    /// The key from `source` is not the one that the store was sealed with.
    case wrongKey(source: String)
    /// No configured key has this id, which the store was sealed with.
    case unknownKeyID(String)
    /// The configured key from `source` cannot be used.
    case refusedKey(source: String, KeyRefusal)
    /// There is no attempt of this kind, or it was canceled.
    case noAttempt
    /// No rekey waits for the verification of its new shares.
    case noVerification
    /// Another attempt of this kind must finish or be canceled first.
    case attemptInProgress
    /// The nonce names another attempt.
    case wrongNonce
    /// The one-time password is too short or too long.
    case invalidOTP(lengthsAllowed: ClosedRange<Int>)
    /// Shares were submitted without `migrate`, although the configured seal differs from the stored one.
    case migrationPending
    /// The seal that the store was sealed with is not in the configuration.
    case storedSealMissing
    /// `migrate` was given, although the configured seal is the stored one.
    case noMigrationPending
    /// The operation is not possible, with the message.
    case notSupported(String)
    /// Too many operations wait for their turn.
    case tooBusy
    /// A limit was reached, with the message.
    case limitExceeded(String)
    /// The record with this key is damaged, missing or from another store.
    case corrupted(String)
    /// The record with this key was written by a newer version.
    case unknownFormat(String)
    /// The keyring's key for this term is not the one that the records were encrypted with.
    case termMismatch(UInt32)
    /// The store failed.
    case storage(StorageError)
}

extension SealError: CustomStringConvertible {
    /// The message for the caller.
    package var description: String {
        switch self {
        case .notInitialized: "Coffer is not initialized"
        case .alreadyInitialized: "Coffer is already initialized; see its state with `coffer status`"
        case .sealed: "Coffer is sealed"
        case .invalidShareCount(let reason): "invalid seal configuration: \(reason)"
        case .malformedShare: "'key' must be a key share of this store, in hex or base64"
        case .wrongShares:
            "the key shares do not belong to this store; they were all discarded, so submit the right ones from the first"
        case .wrongKey(let source):
            "the key from \(source) is not the one that this store was sealed with; configure the key that sealed it; if that was lost, restore the key from its backup"
        case .unknownKeyID(let id):
            "this store was sealed with the key \"\(id)\", which is not configured; configure it as previous_key_id and previous_key"
        case .refusedKey(let source, let reason): "the key from \(source) is refused: \(reason)"
        case .noAttempt: "no such operation in progress"
        case .noVerification: "no rekey configuration found"
        case .attemptInProgress: "an operation of this kind is already in progress"
        case .wrongNonce: "incorrect nonce supplied for this operation"
        case .invalidOTP(let lengths):
            "the OTP must be \(lengths.lowerBound) to \(lengths.upperBound) bytes long; leave it out to have one generated"
        case .migrationPending:
            "the configured seal differs from the stored one; submit the key shares with `coffer operator unseal -migrate`"
        case .storedSealMissing:
            "the store was sealed with a seal that is not in the configuration; add its seal block again, with disabled = \"true\" to "
                + "change to another seal, and restart"
        case .noMigrationPending:
            "the configured seal is the stored one, so there is nothing to migrate; submit the key shares without migrate"
        case .notSupported(let what): what
        case .tooBusy: "too many seal operations are waiting; try again later"
        case .limitExceeded(let what): what
        case .corrupted(let key):
            "the record \(key) is missing or damaged, or belongs to another store; restore the database from a backup"
        case .unknownFormat(let key): "the record \(key) was written by a newer version of Coffer; run that version"
        case .termMismatch(let term):
            "the encryption key of term \(term) is not the one that this store's records were encrypted with; restore the whole "
                + "database from one backup"
        case .storage(let error): Self.text(error)
        }
    }

    private static func text(_ error: StorageError) -> String {
        switch error {
        case .conflict, .contended: "another operation changed the seal at the same time; try again"
        case .limitExceeded(let what): what
        case .unavailable(let what): what
        case .corrupted(let key): "the record \(key) is damaged; restore the database from a backup"
        case .foreignOwner(let key): "the record \(key) belongs to an owner and was not read"
        case .sealed: "Coffer is sealed"
        }
    }
}
