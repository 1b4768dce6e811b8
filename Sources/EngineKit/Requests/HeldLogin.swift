/// A login that a token came of, as its auth method is asked about it before the token gets more time.
package struct HeldLogin: Sendable, Hashable {
    /// What the grant said of the caller.
    package var metadata: [String: String]
    /// What the grant noted for this question; empty for tokens made before there was any.
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
