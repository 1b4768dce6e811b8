package import Syntax

/// The lease of an answer, before and after the pipeline has registered it.
package enum Lease: Sendable {
    /// What an engine created; the pipeline registers the lease.
    case grant(LeaseGrant)
    /// A registered lease.
    case held(LeaseShown)
}

/// The lease that a ``LeasedEngine`` grants or renews. In seconds; 0 means the value of the mount or the system.
package struct LeaseGrant: Sendable, Hashable {
    /// Seconds until the lease ends unless it is renewed.
    package var ttl: Int
    /// The longest lifetime from the creation of the lease. No renewal extends it.
    package var maxTTL: Int
    /// Whether the lease can be renewed.
    package var isRenewable: Bool
    /// What the engine needs to renew and revoke the lease. Stored encrypted and never shown.
    package var data: JSONObject

    /// Creates a grant; what is not given is left to the mount.
    package init(ttl: Int = 0, maxTTL: Int = 0, isRenewable: Bool = true, data: JSONObject = .init()) {
        self.ttl = ttl
        self.maxTTL = maxTTL
        self.isRenewable = isRenewable
        self.data = data
    }
}

/// A lease as an answer shows it.
package struct LeaseShown: Sendable, Hashable {
    /// The public id of the lease, such as `database/creds/app/…`.
    package var id: String
    /// The lifetime in seconds, above 0: every lease ends.
    package var seconds: Int
    /// Whether the lease can be renewed.
    package var isRenewable: Bool

    /// Creates the answer's view of a lease.
    package init(id: String, seconds: Int, isRenewable: Bool) {
        self.id = id
        self.seconds = seconds
        self.isRenewable = isRenewable
    }
}
