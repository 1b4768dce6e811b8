import Synchronization

/// The identity of a caller, created once for many requests: a device formats it once and writes the same bytes again.
///
/// It holds no token. The caller's token is in ``AuditRequest`` and must be the same in all requests of an identity.
package final class AuditIdentity: Sendable {
    /// The caller's authentication.
    package let auth: AuditAuth
    /// A number that is never used again and by which formatted bytes are cached; 0 if they are not.
    let number: UInt64

    /// The number of the newest identity.
    private static let made = Atomic<UInt64>(0)

    /// Creates an identity.
    ///
    /// - Parameter isShared: Whether the identity is used for several requests, so that it is worth caching.
    package init(_ auth: AuditAuth, isShared: Bool = false) {
        self.auth = auth
        number = isShared ? Self.made.add(1, ordering: .relaxed).newValue : 0
    }
}
