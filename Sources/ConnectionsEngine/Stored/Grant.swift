import EngineKit

/// A connection as it is kept: tokens, what the provider said of them, and how refreshing them goes.
package struct Grant: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        case oauth
        case apiKey = "api_key"
        case manual
    }

    package enum State: String, Sendable, CaseIterable {
        case active
        /// Only the person can mend it, by connecting again.
        case expired = "token_expired"
        /// The provider does not answer as it should; it is tried again.
        case failing = "refresh_failing"
        case revoked
    }

    /// Why a refresh failed, by its code. Never anything that a provider wrote.
    package struct Failure: Sendable, Hashable {
        package var at: Int
        package var code: String
    }

    package var kind: Kind
    package var accessToken: String
    package var refreshToken: String?
    package var tokenType = "Bearer"
    /// Seconds since 1970; nil never ends.
    package var expiresAt: Int?
    /// Seconds that the token was made for.
    package var lifetime: Int?
    /// nil when nobody said.
    package var scopes: [String]?
    package var metadata: [String: String] = [:]

    package var state = State.active
    package var reason = ""
    /// Grows with every new token: whoever saw an older one asks again.
    package var generation = 1
    package var storedAt: Int
    package var refreshedAt: Int?
    package var failures: [Failure] = []
    package var failureCount = 0
    package var failingSince: Int?
    package var nextAttemptAt = 0
    /// A refresh was begun whose answer was never stored: the refresh token may be spent.
    package var isInDoubt = false
    /// In doubt, and the one more try that its provider allows was lost as well.
    package var hasRetriedInDoubt = false
    /// Where it stands in the index of what falls due.
    package var dueAt: Int?

    package static let failuresMax = 10
    /// Below this a token is as good as gone: it would expire on its way to the provider.
    package static let usableSecondsMin = 10

    package init(kind: Kind, accessToken: String, storedAt: Int) {
        self.kind = kind
        self.accessToken = accessToken
        self.storedAt = storedAt
    }

    package func secondsLeft(at now: Int) -> Int { expiresAt.map { $0 - now } ?? .max }

    package func isUsable(at now: Int) -> Bool { state != .revoked && secondsLeft(at: now) >= Self.usableSecondsMin }

    /// Seconds before expiry from which on it is refreshed: never more than a quarter of its life.
    package func margin(_ profile: PlatformProfile) -> Int { min(profile.refreshMargin, (lifetime ?? .max) / 4) }

    /// Not lost: it works, or may work again without its person.
    package var mayRecover: Bool { state == .active || state == .failing }

    /// A refresh that needs no person can still be tried.
    package func canRefresh(_ profile: PlatformProfile) -> Bool {
        guard mayRecover, kind == .oauth, profile.isRefreshable else { return false }
        guard profile.auth == .clientCredentials || refreshToken != nil else { return false }
        return !isInDoubt || mayRetryInDoubt(profile)
    }

    /// Whether a provider whose answer was lost is asked again by itself.
    package func mayRetryInDoubt(_ profile: PlatformProfile) -> Bool {
        !profile.spendsRefreshTokens || (profile.retriesInDoubt && !hasRetriedInDoubt)
    }

    /// It has been failing for so long that its person is asked.
    package func isGivenUp(at now: Int) -> Bool { failingSince.map { now - $0 >= Backoff.patience } ?? false }

    /// When something must be done about it by itself: refreshed, kept alive, or declared expired.
    package func due(_ profile: PlatformProfile) -> Int? {
        // Names that callers make up would fill the index, and there is nothing to be done about them.
        guard mayRecover, profile.isListed else { return nil }
        guard canRefresh(profile) else {
            // In doubt: somebody may still try the refresh token by hand, until it is given up.
            guard isInDoubt, let failingSince else { return expiresAt }
            return expiresAt.map { max($0, failingSince + Backoff.patience) }
        }
        var moments: [Int] = []
        if let expiresAt { moments.append(expiresAt - margin(profile)) }
        if profile.keepAlive > 0, refreshToken != nil { moments.append((refreshedAt ?? storedAt) + profile.keepAlive) }
        return moments.min().map { max($0, nextAttemptAt) }
    }

    package mutating func fail(_ code: String, at now: Int) {
        failures.append(Failure(at: now, code: code))
        failures.removeFirst(max(failures.count - Self.failuresMax, 0))
        failureCount += 1
        if failingSince == nil { failingSince = now }
    }

    /// Forgets earlier failures: a new token came.
    package mutating func recover() {
        state = .active
        reason = ""
        failureCount = 0
        failingSince = nil
        nextAttemptAt = 0
        resolveDoubt()
    }

    package mutating func resolveDoubt() {
        isInDoubt = false
        hasRetriedInDoubt = false
    }
}
