import EngineKit
package import SecretMemory
package import ServiceRules

/// What the dialect is told of one service.
package struct ServiceAccount: Sendable {
    package var definition: ServiceDefinition
    /// nil for a service that shows a certificate instead.
    package var token: SecretBytes?
    /// The subject's common name, or a name among the alternative ones, of the client certificate that it must show.
    package var certificateName: String?

    package init(definition: ServiceDefinition, token: SecretBytes?, certificateName: String? = nil) {
        self.definition = definition
        self.token = token
        self.certificateName = certificateName
    }
}
