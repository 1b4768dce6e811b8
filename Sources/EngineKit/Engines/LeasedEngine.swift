package import Syntax

/// An engine whose answers end: it grants leases, and is asked to renew them and to take back what they gave.
package protocol LeasedEngine: Engine {
    /// Takes back what the lease gave.
    ///
    /// Comes again after a failure or a crash, so what is already gone must count as success. A ``CofferError``'s message
    /// is shown to operators; other errors by their kind alone.
    func revoke(_ lease: HeldLease) async throws

    /// Gives the lease more time, at most `increment` seconds from now; 0 asks for what it was made with.
    ///
    /// The grant's `data` replaces the stored one. The pipeline cuts the time down to the lease's
    /// and the mount's maximum; a service token's end takes the lease along when it comes.
    func renew(_ lease: HeldLease, increment: Int) async throws -> LeaseGrant
}

/// A lease as its engine sees it.
package struct HeldLease: Sendable, Hashable {
    /// The lease's public ID, such as `database/creds/app/…`.
    package var id: String
    /// What the engine said when it granted or last renewed it.
    package var data: JSONObject
    /// When the lease was granted.
    package var issuedAt: Timestamp
    /// When the lease ends unless it is renewed.
    package var expiresAt: Timestamp

    /// Creates the engine's view of a lease.
    package init(id: String, data: JSONObject, issuedAt: Timestamp, expiresAt: Timestamp) {
        self.id = id
        self.data = data
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
    }
}
