package import Records
import Syntax

extension Grant {
    /// The grant as it is stored, before it is sealed.
    func encoded() -> [UInt8] { Self.settings.stored(self).encoded() }

    /// Reads a stored grant. Returns nil if it was not written by ``encoded()``.
    init?(decoding bytes: [UInt8]) {
        guard let object = (try? JSON(parsing: bytes))?.objectValue, let grant = Self.settings.read(object) else { return nil }
        self = grant
    }
}

extension Grant: SettingsRecord {
    package static let settings = Settings(
        new: Grant(kind: .oauth, accessToken: "", storedAt: 0),
        required: ["kind", "access_token", "state", "generation", "stored_at"],
        .kept("kind", \.kind, as: .choice(empty: .oauth)), .kept("access_token", \.accessToken, as: .text),
        .kept("token_type", \.tokenType, as: .text), .kept("state", \.state, as: .choice(empty: .active)),
        .kept("generation", \.generation, as: .count()), .kept("stored_at", \.storedAt, as: .integer),
        .kept("refresh_token", \.refreshToken, as: .optional(.text)),
        .kept("expires_at", \.expiresAt, as: .optional(.integer)), .kept("lifetime", \.lifetime, as: .optional(.integer)),
        .kept("scopes", \.scopes, as: .optional(.names)), .kept("metadata", \.metadata, as: .map.omitted(if: [:])),
        .kept("reason", \.reason, as: .text.omitted(if: "")),
        .kept("refreshed_at", \.refreshedAt, as: .optional(.integer)),
        .kept("failures", \.failures, as: .list().omitted(if: [])),
        .kept("failure_count", \.failureCount, as: .count().omitted(if: 0)),
        .kept("failing_since", \.failingSince, as: .optional(.integer)),
        .kept("next_attempt_at", \.nextAttemptAt, as: .integer.omitted(if: 0)),
        .kept("in_doubt", \.isInDoubt, as: .flag.omitted(if: false)),
        .kept("retried_in_doubt", \.hasRetriedInDoubt, as: .flag.omitted(if: false)),
        .kept("due_at", \.dueAt, as: .optional(.integer)))
}

extension Grant.Failure: SettingsRecord {
    package static let settings = Settings(
        new: Grant.Failure(at: 0, code: ""), .kept("at", \.at, as: .integer), .kept("code", \.code, as: .text))
}
