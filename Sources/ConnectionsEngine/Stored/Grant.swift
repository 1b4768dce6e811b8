import EngineKit

/// The stored state of a connection: its tokens, what the provider said about them, and the history of its refreshes.
package struct Grant: Sendable, Hashable {
    /// How the connection's token was obtained, which decides whether it can be refreshed.
    package enum Kind: String, Sendable, CaseIterable {
        case oauth
        case apiKey = "api_key"
        case manual
    }

    /// Whether the connection works.
    package enum State: String, Sendable, CaseIterable {
        case active
        /// The token has expired for good; the owner must connect again.
        case expired = "token_expired"
        /// The last refresh failed; it is tried again.
        case failing = "refresh_failing"
        /// The grant was revoked at the provider; the owner must connect again.
        case revoked
    }

    /// A failed refresh. It never holds text that a provider wrote.
    package struct Failure: Sendable, Hashable {
        /// When the refresh failed, in seconds since 1970.
        package var at: Int
        /// A fixed word, such as `http_503`.
        package var code: String
    }

    /// How the token was obtained.
    package var kind: Kind
    /// The access token or API key.
    package var accessToken: String
    /// The refresh token, if the provider issued one.
    package var refreshToken: String?
    /// The type of the access token (RFC 6749, section 7.1).
    package var tokenType = "Bearer"
    /// When the access token expires, in seconds since 1970; nil if it does not.
    package var expiresAt: Int?
    /// For how many seconds the access token was issued; nil if unknown.
    package var lifetime: Int?
    /// The granted scopes; nil if unknown.
    package var scopes: [String]?
    /// Text that is kept with the tokens.
    package var metadata: [String: String] = [:]

    /// Whether the connection works.
    package var state = State.active
    /// The code that explains the state; empty if it needs no explanation.
    package var reason = ""
    /// A number that grows with every new token. A caller who saw an older token knows by it that there is a newer one.
    package var generation = 1
    /// When the connection was made, in seconds since 1970.
    package var storedAt: Int
    /// When the last refresh succeeded, in seconds since 1970.
    package var refreshedAt: Int?
    /// The last failed refreshes, oldest first.
    package var failures: [Failure] = []
    /// Failed refreshes since the last success.
    package var failureCount = 0
    /// When the first refresh since the last success failed, in seconds since 1970.
    package var failingSince: Int?
    /// When the next refresh may be tried, in seconds since 1970; 0 if at once.
    package var nextAttemptAt = 0
    /// Whether the refresh token may be spent, because the answer to a refresh was lost.
    package var isInDoubt = false
    /// Whether the same refresh token was already sent once more after its answer was lost.
    package var hasRetriedInDoubt = false
    /// The time under which the connection is in the index of due times, in seconds since 1970; nil if it is not.
    package var dueAt: Int?

    /// The number of failures that are kept.
    package static let failuresMax = 10
    /// Seconds that must be left of a token for it to count as usable. With less, it could expire on its way to the platform.
    package static let usableSecondsMin = 10

    /// Returns the seconds until the access token expires; `Int.max` if it does not.
    package func secondsLeft(at now: Int) -> Int { expiresAt.map { $0 - now } ?? .max }

    /// Whether the access token may be given out.
    package func isUsable(at now: Int) -> Bool { state != .revoked && secondsLeft(at: now) >= Self.usableSecondsMin }

    /// Returns how many seconds before its expiry the token is refreshed: the profile's margin, and at most a quarter of its
    /// lifetime.
    package func margin(_ profile: PlatformProfile) -> Int { min(profile.refreshMargin, (lifetime ?? .max) / 4) }

    /// Whether the connection works, or may work again without its owner.
    package var mayRecover: Bool { state == .active || state == .failing }

    /// Whether a refresh without the owner can be tried.
    package func canRefresh(_ profile: PlatformProfile) -> Bool {
        guard mayRecover, kind == .oauth, profile.isRefreshable else { return false }
        guard profile.auth == .clientCredentials || refreshToken != nil else { return false }
        return !isInDoubt || mayRetryInDoubt(profile)
    }

    /// Whether the refresh token may be sent again after its answer was lost.
    package func mayRetryInDoubt(_ profile: PlatformProfile) -> Bool {
        !profile.spendsRefreshTokens || (profile.retriesInDoubt && !hasRetriedInDoubt)
    }

    /// Whether refreshing has failed for so long that the owner must connect again.
    package func isGivenUp(at now: Int) -> Bool { failingSince.map { now - $0 >= Backoff.giveUpSeconds } ?? false }

    /// Returns when the background job must handle the connection, in seconds since 1970: to refresh it, to use its refresh
    /// token before that expires, or to mark it as expired. Returns nil if never.
    package func due(_ profile: PlatformProfile) -> Int? {
        // A platform without a profile cannot be refreshed, and names that callers make up must not fill the index.
        guard mayRecover, profile.isListed else { return nil }
        guard canRefresh(profile) else {
            // While in doubt, an operator may still send the refresh token once more.
            guard isInDoubt, let failingSince else { return expiresAt }
            return expiresAt.map { max($0, failingSince + Backoff.giveUpSeconds) }
        }
        var times: [Int] = []
        if let expiresAt { times.append(expiresAt - margin(profile)) }
        if profile.keepAlive > 0, refreshToken != nil { times.append((refreshedAt ?? storedAt) + profile.keepAlive) }
        return times.min().map { max($0, nextAttemptAt) }
    }

    /// Records a failed refresh.
    package mutating func fail(_ code: String, at now: Int) {
        failures.append(Failure(at: now, code: code))
        failures.removeFirst(max(failures.count - Self.failuresMax, 0))
        failureCount += 1
        if failingSince == nil { failingSince = now }
    }

    /// Marks the grant as active and forgets earlier failures, after a new token was received.
    package mutating func recover() {
        state = .active
        reason = ""
        failureCount = 0
        failingSince = nil
        nextAttemptAt = 0
        resolveDoubt()
    }

    /// Records that the refresh token is known to be unspent or has been replaced.
    package mutating func resolveDoubt() {
        isInDoubt = false
        hasRetriedInDoubt = false
    }
}
