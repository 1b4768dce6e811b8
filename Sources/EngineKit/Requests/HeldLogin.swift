/// The login that a token resulted from, about which its auth method is asked before the token is renewed.
package struct HeldLogin: Sendable, Hashable {
    /// The metadata of the grant.
    package var metadata: [String: String]
    /// The facts of the grant; empty for tokens from before there were facts.
    package var facts: [String: String]

    /// Creates a login from the entry of a token.
    package init(metadata: [String: String], facts: [String: String]) {
        self.metadata = metadata
        self.facts = facts
    }
}
