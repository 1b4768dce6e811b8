/// The login that a token resulted from, about which its auth method is asked before the token is renewed.
package struct HeldLogin: Sendable, Hashable {
    /// The metadata of the grant.
    package var metadata: [String: String]
    /// The facts of the grant; empty for tokens from before there were facts.
    package var facts: [String: String]
    /// The certificates that the request for more time came with, as ``Connection/certificateChain``.
    package var certificateChain: [[UInt8]]

    /// Creates the question from what the token's entry holds and how the request came.
    package init(metadata: [String: String], facts: [String: String], certificateChain: [[UInt8]] = []) {
        self.metadata = metadata
        self.facts = facts
        self.certificateChain = certificateChain
    }
}
