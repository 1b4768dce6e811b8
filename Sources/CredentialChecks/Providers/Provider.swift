import Syntax

/// A provider whose credentials people keep: how they are recognized, and how it is asked whether it accepts one.
package struct Provider: Sendable {
    /// The id in the user secrets protocol. Ids are never folded together: `voyage` and `voyage_ai` are two providers.
    package let id: String
    /// The name that people are shown.
    package let name: String
    /// The kinds of secret that the provider has, the usual one first.
    package let types: [SecretType]
    /// What its credentials look like; empty if they have no form of their own. Providers change their forms, so a credential
    /// that matches none is never refused.
    package let patterns: [KeyPattern]
    /// What a form shows as an example, which is no credential.
    package let example: String
    /// The provider's page about its credentials.
    package let documentation: String
    /// What people should know before they test a credential.
    package let notes: [String]
    /// How a credential is tested.
    package let check: Check

    /// How a credential is tested.
    package enum Check: Sendable {
        /// By a request over HTTPS; the most specific probe for the kind and the beginning of the credential is used.
        case probes([Probe])
        case postgreSQL
        case redis
        /// By signing a sample and verifying it. Nobody is asked.
        case webhookSecret
        /// The database's protocol has no client here.
        case noClient
        /// No request is known that costs nothing and shows whether a credential works.
        case none
    }

    /// The group in which a console shows the provider.
    package var group: ProviderGroup { types.first?.group ?? .other }

    /// Whether credentials can be tested.
    package var isTestable: Bool {
        switch check {
        case .probes, .postgreSQL, .redis, .webhookSecret: true
        case .noClient, .none: false
        }
    }

    init(
        _ id: String, _ name: String, types: [SecretType] = [.apiKey], patterns: [KeyPattern] = [], example: String,
        documentation: String, notes: [String] = [], check: Check
    ) {
        self.id = id
        self.name = name
        self.types = types
        self.patterns = patterns
        self.example = example
        self.documentation = documentation
        self.notes = notes
        self.check = check
    }

    /// Returns the probe for a credential, or nil if there is none for its kind.
    func probe(for value: String, _ type: SecretType?) -> Probe? {
        guard case .probes(let probes) = check else { return nil }
        let kind = type ?? types.first
        return probes.filter { probe in
            probe.types.contains { $0 == kind } && value.hasUTF8Prefix(probe.prefix)
        }.max { $0.prefix.utf8.count < $1.prefix.utf8.count }
    }
}
