import EngineKit

/// Authenticates the server itself. No request from outside can have this kind of credentials, and their secret never
/// leaves the process.
struct SystemAuthenticator: InlineAuthenticator {
    let directory: ServiceDirectory

    func authenticate(_ attempt: InlineAttempt) async throws -> InlineVerdict {
        directory.isSystem(attempt.credentials) ? .granted(directory.systemGrant) : .refused(.wrongSecret)
    }
}
