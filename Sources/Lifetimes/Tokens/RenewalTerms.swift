/// What holds today for the renewal of a token, said by whoever vouched for it. Seconds.
package struct RenewalTerms: Sendable, Hashable {
    /// What a renewal without a wish of its own asks for.
    package var ttl: Int
    /// From the token's creation; above 0. A period is cut to it too.
    package var maxTTL: Int
    /// From the token's creation; 0 for none.
    package var explicitMaxTTL: Int
    /// 0 for none.
    package var period: Int
    /// Where the token may be used from now on; empty for everywhere.
    package var boundCIDRs: [String]

    package init(ttl: Int, maxTTL: Int, explicitMaxTTL: Int, period: Int, boundCIDRs: [String]) {
        self.ttl = ttl
        self.maxTTL = maxTTL
        self.explicitMaxTTL = explicitMaxTTL
        self.period = period
        self.boundCIDRs = boundCIDRs
    }
}
