/// The terms of a renewal, as the auth method or the role behind the token sets them today. Times are in seconds.
package struct RenewalTerms: Sendable, Hashable {
    /// The TTL of a renewal that does not ask for one.
    package var ttl: Int
    /// The longest life from the token's creation, above 0. It bounds a period, too.
    package var maxTTL: Int
    /// The explicit maximum life from the token's creation; 0 for none.
    package var explicitMaxTTL: Int
    /// The period of a periodic token; 0 for none.
    package var period: Int
    /// The address ranges from which the token may be used from now on; empty for all.
    package var boundCIDRs: [String]

    /// Creates the terms of a renewal.
    package init(ttl: Int, maxTTL: Int, explicitMaxTTL: Int, period: Int, boundCIDRs: [String]) {
        self.ttl = ttl
        self.maxTTL = maxTTL
        self.explicitMaxTTL = explicitMaxTTL
        self.period = period
        self.boundCIDRs = boundCIDRs
    }
}
