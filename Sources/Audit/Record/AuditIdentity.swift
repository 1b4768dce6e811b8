import Synchronization

/// Who asked, made once for many requests: a device formats it once and writes the same bytes again.
///
/// Holds no token. The token that asked stands in the ``AuditRequest`` and must be the same for all requests of one
/// identity.
package final class AuditIdentity: Sendable {
    package let auth: AuditAuth
    /// Never used again; what formatted bytes are kept under. 0 keeps none.
    let number: UInt64

    private static let made = Atomic<UInt64>(0)

    /// - Parameter isShared: false for one request's alone, of which nothing is kept.
    package init(_ auth: AuditAuth, isShared: Bool = false) {
        self.auth = auth
        number = isShared ? Self.made.add(1, ordering: .relaxed).newValue : 0
    }
}
