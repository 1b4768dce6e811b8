package import EngineKit

/// The keys of an identity provider, fetched when they are needed and kept for a time, as ``FetchedValue`` describes it.
///
/// A key that is not known is asked for once, so that a provider may change its keys at any time.
package final class RemoteKeySet: Sendable {
    /// What became of a token.
    package enum Verdict: Sendable, Hashable {
        /// One of the keys signed it.
        case verified
        /// None did.
        case refused
        /// There are no keys to verify it with, because the provider does not answer.
        case unavailable
    }

    private let keys: FetchedValue<KeySet>

    /// Creates the keys that `fetch` fetches.
    package init(time: any TimeSource, fetch: @escaping FetchedValue<KeySet>.Fetch) {
        keys = FetchedValue(time: time, fetch: fetch)
    }

    /// Returns whether one of the provider's keys signed the token.
    package func verify(_ token: SignedToken) async -> Verdict {
        // While another caller asks for newer keys, those that are known are good enough.
        if let known = keys.known(), known.value.knowsKey(of: token), known.isFresh || keys.isAsking {
            return known.value.verifies(token) ? .verified : .refused
        }
        await keys.ask()
        guard let known = keys.known()?.value else { return .unavailable }
        return known.verifies(token) ? .verified : .refused
    }

    /// Returns whether there are keys, after asking for them if there are none.
    package func isAvailable() async -> Bool { await keys.current() != nil }
}
