package import SecretMemory

/// The two subkeys that the barrier derives for this room, 32 bytes each.
package struct AuditKeys: Sendable {
    /// `audit-hmac/v1`: hides values. Each device gets a key of its own from it.
    package var hmac: SecretBytes
    /// `audit-chain/v1`: seals lines. Each device, and each segment of its chain, gets a key of its own from it.
    package var chain: SecretBytes

    package init(hmac: SecretBytes, chain: SecretBytes) {
        self.hmac = hmac
        self.chain = chain
    }
}
