import Crypto
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

    /// The key from which all segment keys of a device come. Whoever holds it can forge the device's whole trail, so it
    /// leaves the server only when an operator moves the trail away with it; see ``AuditChainDisclosure`` instead.
    package func deviceChainKey(accessor: String) -> SecretBytes {
        DeviceKeys.chain(self, accessor: accessor).withUnsafeBytes { SecretBytes($0) }
    }
}
