/// Asks a provider whether it accepts a credential.
package protocol ProviderVerifier: Sendable {
    /// The names of the providers that can be asked, in order.
    var providers: [String] { get }

    /// Returns how far the provider accepts the credential, and throws if it does not.
    func verify(_ credential: String, provider: String) async throws(ProviderRefusal) -> ProviderAcceptance
}

/// How far a provider accepts a credential.
package enum ProviderAcceptance: Sendable, Hashable {
    /// The provider did what was asked.
    case full
    /// The provider knows the credential, which lacks the right for what was asked.
    case restricted
}

/// Why a credential was not confirmed.
package enum ProviderRefusal: Error, Sendable, Hashable {
    case unknownProvider
    /// The provider is known, but not how to ask it.
    case noRule
    /// The credential does not have the form of the provider's, so it was not sent.
    case malformed
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
    package func verify(_ credential: String, provider: String) async throws(ProviderRefusal) -> ProviderAcceptance {
        throw .unknownProvider
    }
}
