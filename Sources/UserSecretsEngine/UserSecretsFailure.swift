import EngineKit

/// The errors of the engine. Each carries a `reason`, a stable word that dialects map to their own codes.
enum UserSecretsFailure {
    /// Returns an error with a reason, which its message begins with.
    static func error(_ code: CofferError.Code, reason: String, _ message: String) -> CofferError {
        var error = CofferError(code, "\(reason): \(message)")
        error.reason = reason
        return error
    }

    /// A field has a value that cannot be stored. The message never contains it.
    static func invalidField(_ field: String, _ message: String) -> CofferError {
        error(.invalidRequest, reason: "invalid_field", "field '\(field)' \(message)")
    }

    /// More than the engine keeps.
    static func limit(_ message: String) -> CofferError { error(.tooLarge, reason: "limit", message) }

    /// The owner is being deleted.
    static let ownerDeleting = error(
        .conflict, reason: "owner_deleting", "the owner is being deleted; retry when the deletion is complete")

    /// The secrets of an owner are being sealed again.
    static let rotating = error(
        .conflict, reason: "rotation_under_way", "the owner's key is being replaced already; retry when that has ended")

    /// Another secret has the provider, type and label of the one to restore.
    static let exists = error(
        .conflict, reason: "exists", "there is another secret of the same provider, type and label; delete it first")

    /// A provider and type have as many secrets as they may have.
    static let tooManyOfPair = limit("an owner has at most \(Pair.entriesMax) secrets of one provider and type")

    /// Nobody may read the value.
    static let restricted = error(
        .permissionDenied, reason: "restricted", "nobody can read the value of a restricted secret; replace it to change it")

    /// The visibility would become wider.
    static let loosened = error(
        .invalidRequest, reason: "visibility",
        "a restricted secret stays restricted; delete it and store the value again to make a secret that can be revealed")
}
