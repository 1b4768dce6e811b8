/// What kind of secret a credential is. The raw values are those of the user secrets protocol.
package enum SecretType: String, Sendable, CaseIterable {
    case apiKey = "api_key"
    case oauthToken = "oauth_token"
    case webhookSecret = "webhook_secret"
    case connectionString = "connection_string"
    case password
    case other

    /// The group in which a console shows secrets of this kind.
    package var group: ProviderGroup {
        switch self {
        case .apiKey: .apiKeys
        case .oauthToken: .integrations
        case .connectionString: .databases
        case .webhookSecret, .password, .other: .other
        }
    }
}

/// A group of providers in a console.
package enum ProviderGroup: String, Sendable, CaseIterable {
    case apiKeys = "api_keys"
    case integrations
    case databases
    case other
}
