package import Syntax

/// What every room tells a caller. ``StatusTable`` says which code is which HTTP status; a dialect gives the error its shape.
///
/// Messages are static or name what the caller sent as a *name*; never a value.
package struct CofferError: Error, Sendable {
    /// What kind of failure it is. ``StatusTable`` has the HTTP status of each.
    package enum Code: String, Sendable, CaseIterable {
        case invalidRequest
        case permissionDenied
        case notFound
        case methodNotAllowed
        case conflict
        case tooLarge
        case unsupportedMediaType
        case rateLimited
        case uninitialized
        case sealed
        case unavailable
        case `internal`
    }

    /// The kind of failure.
    package var code: Code
    /// What happened and what to do, for the caller.
    package var messages: [String]
    /// What a 404 still has to say, such as the metadata of a deleted version.
    package var data: JSON?
    /// Finer than the code, for dialects with errors of their own: `insufficient_scope`.
    package var reason: String?
    /// Seconds until asking again makes sense.
    package var retryAfter: Int?
    /// What the audit records in place of the first message, where that repeats what a caller sent.
    package var auditText: String?

    /// Creates an error with its messages.
    package init(_ code: Code, _ messages: String..., data: JSON? = nil) {
        self.code = code
        self.messages = messages
        self.data = data
    }

    /// The request was not at fault, and may be repeated.
    package var isOfServer: Bool {
        switch code {
        case .conflict, .rateLimited, .uninitialized, .sealed, .unavailable, .internal: true
        case .invalidRequest, .permissionDenied, .notFound, .methodNotAllowed, .tooLarge, .unsupportedMediaType: false
        }
    }

    /// Returns the error for a request that is wrong in itself.
    package static func invalid(_ message: String) -> CofferError { .init(.invalidRequest, message) }
    /// The refusal of a caller that may not do what it asked for. It is the same whatever exists.
    package static let denied = CofferError(.permissionDenied, "permission denied")
    /// Nothing there, and nothing to say about it.
    package static let notFound = CofferError(.notFound)
    /// The caller believed another version to be the newest. Dialects that have a status of their own for it know it by its text.
    package static let checkAndSetMismatch = CofferError.invalid("check-and-set parameter did not match the current version")
    /// With a seal that unseals automatically when the server starts.
    package static let sealedByHand = CofferError(
        .sealed, "Coffer is sealed; give the recovery keys to `coffer operator unseal`, or restart the server")
    /// Restarted with another seal in the configuration: the keys that are asked for are those of the stored one.
    package static let waitsForRecoveryKeys = CofferError(
        .sealed, "Coffer is sealed. The seal is being changed: give the recovery keys with `coffer operator unseal -migrate`")
    /// The same where the stored seal is opened by key shares.
    package static let waitsForUnsealKeys = CofferError(
        .sealed, "Coffer is sealed. The seal is being changed: give the key shares with `coffer operator unseal -migrate`")
    /// The refusal of every request while the server is sealed.
    package static let sealed = CofferError(.sealed, "Coffer is sealed; unseal it with `coffer operator unseal`")
}

extension CofferError {
    /// The store failed, or was lost, in the middle of a change. An operation may have changed several records before.
    package static let outcomeUnknown = CofferError(
        .unavailable,
        "the storage is not available; whether this request changed anything is unknown. Check before repeating it, and see the "
            + "server's log")
    /// The same for a request that changes nothing.
    package static let notAnswered = CofferError(
        .unavailable, "the storage is not available; the request changed nothing. Retry, and see the server's log")

    /// What a request is told that had nothing to change, or had not begun to.
    package var forUnchangedState: CofferError {
        code == .unavailable && messages == Self.outcomeUnknown.messages ? .notAnswered : self
    }

    /// Creates the error that a caller is told of a failure of the store.
    package init(_ error: StorageError) {
        switch error {
        case .conflict, .contended:
            self.init(.conflict, "another writer changed the record first, and this change was not made; try again")
        case .limitExceeded(let what): self.init(.tooLarge, what)
        case .unavailable:
            self = .outcomeUnknown
        case .corrupted:
            self.init(.internal, "a stored record failed its integrity check and is not served; restore it from a backup")
        case .foreignOwner:
            self.init(.internal, "the request was not answered, because a record that it needs belongs to another owner")
        case .sealed: self = .sealed
        }
    }

    /// Any error as one that may be shown: an unforeseen one says nothing of itself.
    package init(wrapping error: any Error) {
        switch error {
        case let error as CofferError: self = error
        case let error as StorageError: self.init(error)
        default: self.init(.internal, "internal error; the server's log has it under this request's id")
        }
    }
}

extension CofferError {
    /// Returns the refusal of what is bounded by the minute. It says how long the minute lasts.
    ///
    /// - Parameter seconds: The time that is counted, in seconds since 1970.
    package static func tooMany(_ what: String, inTheMinuteOf seconds: Int) -> CofferError {
        var error = CofferError(.rateLimited, "\(what); retry in a minute")
        error.retryAfter = 60 - seconds % 60
        return error
    }

    /// `Retry-After`, where waiting helps. What is limited without a known end is over in a moment.
    package var waitHeaders: [(name: String, value: String)] {
        guard let seconds = retryAfter ?? (code == .rateLimited ? 1 : nil) else { return [] }
        return [("retry-after", String(seconds))]
    }
}
