import EngineKit
package import SecretMemory
package import ServiceRules

/// The configuration of one service.
package struct ServiceAccount: Sendable {
    /// The service's name and rules.
    package var definition: ServiceDefinition
    /// The token, or nil if the service is identified by a certificate.
    package var token: SecretBytes?
    /// The name that the client certificate must have as its common name or among its subject alternative names.
    package var certificateName: String?

    /// Creates a service.
    package init(definition: ServiceDefinition, token: SecretBytes?, certificateName: String? = nil) {
        self.definition = definition
        self.token = token
        self.certificateName = certificateName
    }
}
