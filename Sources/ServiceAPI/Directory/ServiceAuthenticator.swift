import Capabilities
import Core
package import EngineKit
import ServiceRules

/// Authenticates services by name and token. The token may be a capability token that was derived from the service's own.
package struct ServiceAuthenticator: InlineAuthenticator {
    private let directory: ServiceDirectory
    private let uses: CapabilityUses
    private let time: any TimeSource
    /// Whether a use of a capability token is counted, which is so for the first internal request only.
    private let counts: Bool

    private init(_ directory: ServiceDirectory, _ context: MountContext, counts: Bool) {
        self.directory = directory
        self.counts = counts
        uses = CapabilityUses(storage: context.storage, time: context.time)
        time = context.time
    }

    /// Returns the authenticators for the first and for further internal requests.
    package static func descriptions(_ directory: ServiceDirectory) -> [InlineAuthenticatorDescription] {
        [
            InlineAuthenticatorDescription(kind: ServiceCaller.kind, locksNames: false) {
                ServiceAuthenticator(directory, $0, counts: true)
            },
            InlineAuthenticatorDescription(kind: ServiceCaller.continuedKind, locksNames: false) {
                ServiceAuthenticator(directory, $0, counts: false)
            },
            InlineAuthenticatorDescription(kind: ServiceDirectory.systemKind, locksNames: false) { _ in
                SystemAuthenticator(directory: directory)
            },
        ]
    }

    /// Checks the name and the token.
    package func authenticate(_ attempt: InlineAttempt) async throws -> InlineVerdict {
        let entry = directory[attempt.credentials.name]
        let isToken = directory.isToken(attempt.credentials.secret, of: entry)
        guard let entry else { return .refused(.unknownName) }
        if let certificateName = entry.certificateName {
            guard attempt.connection.clientCertificateNames.contains(certificateName) else { return .refused(.wrongSecret) }
        }
        if isToken || entry.tokenCode == nil && entry.certificateName != nil { return .granted(entry.grant) }
        return try await narrowed(entry, attempt)
    }

    private func narrowed(_ entry: ServiceDirectory.Entry, _ attempt: InlineAttempt) async throws -> InlineVerdict {
        let text = ServiceDirectory.text(attempt.credentials.secret)
        guard CapabilityToken.isOne(text), !entry.handle.isEmpty, let token = try? CapabilityToken(text),
            token.handle == entry.handle, token.isSigned(by: entry.capabilityKey)
        else { return .refused(.wrongSecret) }
        let limits = CapabilityLimits(token)
        let now = time.now()
        guard limits.isAlive(at: now) else { return .refused(.wrongSecret) }
        guard limits.isFrom(attempt.connection.remoteAddress) else { return .refused(.notAllowed) }
        for use in limits.counted where counts {
            guard try await uses.spend(use, service: entry.definition.name, handle: entry.handle) else {
                return .refused(.wrongSecret)
            }
        }
        var narrowed = entry.grant
        narrowed.limit = limits.narrowing
        return .granted(narrowed)
    }
}
