/// A login that a token came of, as its auth method is asked about it before the token gets more time.
package struct HeldLogin: Sendable, Hashable {
    /// What the grant said of the caller.
    package var metadata: [String: String]
    /// What the grant noted for this question; empty for tokens made before there was any.
    package var facts: [String: String]

    /// Creates the question from what the token's entry holds.
    package init(metadata: [String: String], facts: [String: String]) {
        self.metadata = metadata
        self.facts = facts
    }
}
