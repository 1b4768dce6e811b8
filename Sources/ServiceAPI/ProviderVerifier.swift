/// Asks a provider whether it accepts a credential: the `verify` rule of a platform profile.
package protocol ProviderVerifier: Sendable {
    /// Those that can be asked, in their order.
    var providers: [String] { get }

    /// Returns when the provider accepts the credential.
    func verify(_ credential: String, provider: String) async throws(ProviderRefusal)
}

package enum ProviderRefusal: Error, Sendable, Hashable {
    case unknownProvider
    /// It is known, and nothing says how to ask it.
    case noRule
    /// The provider says no.
    case refused
    /// No answer, or none that says anything about the credential.
    case unreachable
    /// Too many are being asked.
    case busy
}

/// For a server without platform profiles.
package struct NoProviders: ProviderVerifier {
    package init() {}

    package var providers: [String] { [] }

    package func verify(_ credential: String, provider: String) async throws(ProviderRefusal) { throw .unknownProvider }
}
