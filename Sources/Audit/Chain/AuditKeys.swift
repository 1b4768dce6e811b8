package import SecretMemory

/// The two keys of 32 bytes that the barrier derives for the audit trail.
package struct AuditKeys: Sendable {
    /// Hides values; derived as `audit-hmac/v1`. Each device uses a key derived from it.
    package var hmac: SecretBytes
    /// Seals lines; derived as `audit-chain/v1`. Each segment of each device uses a key derived from it.
    package var chain: SecretBytes

    /// Creates the pair.
    package init(hmac: SecretBytes, chain: SecretBytes) {
        self.hmac = hmac
        self.chain = chain
    }
}
