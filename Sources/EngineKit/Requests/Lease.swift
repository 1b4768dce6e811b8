package import Syntax

/// How an answer's lease stands on its way through the pipeline.
package enum Lease: Sendable {
    /// An engine says what it made; the pipeline registers the lease.
    case grant(LeaseGrant)
    /// A lease that exists.
    case held(LeaseShown)
}

/// What a ``LeasedEngine`` made or renewed. Seconds; 0 means "as the mount or the system has it".
package struct LeaseGrant: Sendable, Hashable {
    /// Seconds until the lease ends unless it is renewed.
    package var ttl: Int
    /// From the lease's beginning; no renewal passes it.
    package var maxTTL: Int
    /// Whether the lease can be renewed.
    package var isRenewable: Bool
    /// What the engine needs to renew and revoke it. Stored sealed, shown to nobody.
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
    /// The lease's public ID, such as `database/creds/app/…`.
    package var id: String
    /// Above 0: every lease ends.
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
