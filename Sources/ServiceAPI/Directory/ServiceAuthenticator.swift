package import EngineKit
import ServiceRules

/// Says whether a name and a token are a service's.
package struct ServiceAuthenticator: InlineAuthenticator {
    private let directory: ServiceDirectory

    init(_ directory: ServiceDirectory) { self.directory = directory }

    package static func description(_ directory: ServiceDirectory) -> InlineAuthenticatorDescription {
        InlineAuthenticatorDescription(kind: ServiceCaller.kind, locksNames: false) { _ in ServiceAuthenticator(directory) }
    }

    package func authenticate(_ attempt: InlineAttempt) async throws -> InlineVerdict {
        let entry = directory[attempt.credentials.name]
        let isToken = directory.isToken(attempt.credentials.secret, of: entry)
        guard let entry else { return .refused(.unknownName) }
        if let certificateName = entry.certificateName {
            guard attempt.connection.clientCertificateName == certificateName else { return .refused(.wrongSecret) }
            // A service with both shows both.
            guard isToken || entry.tokenCode == nil else { return .refused(.wrongSecret) }
        } else if !isToken {
            return .refused(.wrongSecret)
        }
        return .granted(InlineGrant(displayName: entry.definition.name, rules: entry.rules))
    }
}
