/// Asks a provider whether it accepts a credential, by the `verify` rule of a platform profile.
package protocol ProviderVerifier: Sendable {
    /// The names of the providers that can be asked, in order.
    var providers: [String] { get }

    /// Returns if the provider accepts the credential, and throws otherwise.
    func verify(_ credential: String, provider: String) async throws(ProviderRefusal)
}

/// Why a credential was not confirmed.
package enum ProviderRefusal: Error, Sendable, Hashable {
    case unknownProvider
    /// The provider is known, but its profile has no `verify` rule.
    case noRule
    /// The provider rejects the credential.
    case refused
    /// The provider did not answer, or its answer does not tell.
    case unreachable
    /// Too many requests to providers are in progress.
    case busy
}

/// A verifier for a server without platform profiles.
package struct NoProviders: ProviderVerifier {
    /// Creates the verifier.
    package init() {}

    /// No providers.
    package var providers: [String] { [] }

    /// Always throws ``ProviderRefusal/unknownProvider``.
    package func verify(_ credential: String, provider: String) async throws(ProviderRefusal) { throw .unknownProvider }
}
