import EngineKit
import JOSE
import Outbound
import Records
import Synchronization
import Syntax

/// The keys of one version of a configuration.
struct JWTKeys: Sendable {
    /// The version of the record that they were made for.
    let version: UInt64
    /// Keys that the configuration holds.
    private let own: KeySet?
    private let remote: [RemoteKeySet]
    /// The OpenID provider, if the configuration names one.
    let provider: FetchedValue<ProviderDocument>?

    /// Creates the keys. Nothing is fetched before it is needed.
    ///
    /// - Throws: A refusal if a URL or a certificate cannot be used.
    init(
        _ configuration: JWTConfiguration, version: UInt64, _ calls: ProviderCalls, time: any TimeSource
    ) throws(CofferError) {
        self.version = version
        var keys = configuration.publicKeys.keys.keys
        if !configuration.sharedSecret.isEmpty {
            guard let key = try? VerificationKey(sharedSecret: Array(configuration.sharedSecret.utf8)) else { throw Self.unusable }
            keys.append(key)
        }
        own = keys.isEmpty ? nil : KeySet(keys)
        let name = configuration.serverNames.first ?? ""
        if configuration.discoveryURL.isEmpty {
            provider = nil
            var places = configuration.keySets
            if !configuration.keySetURL.isEmpty {
                places.append(KeySetLocation(url: configuration.keySetURL, authorities: configuration.keySetAuthorities))
            }
            var remote: [RemoteKeySet] = []
            for place in places {
                let target = try ProviderCalls.target(place.url, authorities: place.authorities, serverName: name)
                remote.append(RemoteKeySet(time: time) { try await calls.keys(at: target) })
            }
            self.remote = remote
        } else {
            let target = try ProviderCalls.target(
                configuration.discoveryURL, authorities: configuration.discoveryAuthorities, serverName: name)
            let issuer = configuration.discoveryURL
            let document = FetchedValue(time: time) { try await calls.document(of: issuer, at: target) }
            provider = document
            remote = [
                RemoteKeySet(time: time) {
                    guard let document = await document.current() else { throw ProviderCalls.Failure.noDocument }
                    return try await calls.keys(at: document.keys)
                }
            ]
        }
    }

    /// What a caller is told while there are no keys to verify a token with. The log has the reason.
    static let unavailable = CofferError(
        .unavailable, "the keys of the identity provider are not available; retry later, and see the server's log")

    private static let unusable = CofferError(.internal, "the stored configuration of the keys cannot be used; write it again")

    /// Returns whether one of the keys signed the token.
    func verify(_ token: SignedToken) async -> RemoteKeySet.Verdict {
        if let own, own.verifies(token) { return .verified }
        guard remote.count != 1 else { return await remote[0].verify(token) }
        // No set is asked about a key of another one, and all sets that are asked answer at the same time.
        if remote.contains(where: { $0.verifiesWithKnownKeys(token) }) { return .verified }
        return await withTaskGroup(of: RemoteKeySet.Verdict.self) { group in
            for keys in remote { group.addTask { await keys.verify(token) } }
            var worst = RemoteKeySet.Verdict.refused
            for await verdict in group {
                if verdict == .verified { return verdict }
                if verdict == .unavailable { worst = verdict }
            }
            return worst
        }
    }

    /// Returns whether all keys are there, after asking for those that are not.
    func areAvailable() async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            for keys in remote { group.addTask { await keys.isAvailable() } }
            return await group.reduce(true) { $0 && $1 }
        }
    }

    /// Returns the issuer that tokens must have; nil if any may have issued them.
    func issuer(for configuration: JWTConfiguration) async throws(CofferError) -> String? {
        if !configuration.boundIssuer.isEmpty { return configuration.boundIssuer }
        guard let provider else { return nil }
        guard let document = await provider.current() else { throw Self.unavailable }
        return document.issuer
    }
}

/// Keeps the keys of the configuration that is stored now.
final class JWTKeyStore: Sendable {
    private let calls: ProviderCalls
    private let time: any TimeSource
    private let made = Mutex<JWTKeys?>(nil)

    init(_ calls: ProviderCalls, time: any TimeSource) {
        self.calls = calls
        self.time = time
    }

    /// Returns the keys of a configuration that is not stored yet.
    func candidate(_ configuration: JWTConfiguration) throws(CofferError) -> JWTKeys {
        try JWTKeys(configuration, version: 0, calls, time: time)
    }

    /// Returns the keys of a configuration. Those of another version are forgotten, with all that was fetched for it.
    func keys(of found: RecordTable<JWTConfiguration>.Found) throws(CofferError) -> JWTKeys {
        if let keys = made.withLock({ $0 }), keys.version == found.version { return keys }
        let keys = try JWTKeys(found.value, version: found.version, calls, time: time)
        made.withLock { $0 = keys }
        return keys
    }
}
