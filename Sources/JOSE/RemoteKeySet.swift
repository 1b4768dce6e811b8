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
        let known = usable()
        if let known, known.value.knowsKey(of: token) {
            if known.value.verifies(token) { return .verified }
            if known.value.names(keyOf: token) { return .refused }
        }
        await keys.ask()
        guard let latest = keys.known() else { return .unavailable }
        // The same keys have been tried.
        if let known, known.value.knowsKey(of: token), latest.fetchedAt == known.fetchedAt { return .refused }
        return latest.value.verifies(token) ? .verified : .refused
    }

    /// Returns whether one of the keys that are known signed the token, without asking for others.
    package func verifiesWithKnownKeys(_ token: SignedToken) -> Bool { usable()?.value.verifies(token) ?? false }

    private func usable() -> FetchedValue<KeySet>.Known? {
        keys.known().flatMap { $0.isFresh || keys.isAsking ? $0 : nil }
    }

    /// Returns whether there are keys, after asking for them if there are none.
    package func isAvailable() async -> Bool { await keys.current()?.keys.isEmpty == false }
}
