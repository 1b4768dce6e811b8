import CryptoExtras
import Dispatch
package import SecretMemory

/// A hasher with scrypt (RFC 7914). It works on its own threads, because a hash on an event loop would delay all other
/// requests.
package struct ScryptHasher: PasswordHasher {
    /// The cost of new hashes.
    package let cost: HashCost
    private let queue = DispatchQueue(label: "coffer.scrypt", qos: .utility, attributes: .concurrent)

    /// Creates a hasher whose new hashes have this cost.
    package init(cost: HashCost = .standard) { self.cost = cost }

    /// Returns the hash of a password, 32 bytes.
    package func hash(_ password: SecretBytes, salt: [UInt8], cost: HashCost) async throws -> [UInt8] {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try Self.derive(password, salt: salt, cost: cost) }) }
        }
    }

    private static func derive(_ password: SecretBytes, salt: [UInt8], cost: HashCost) throws -> [UInt8] {
        var bytes = password.withBytes { Array($0) }
        defer { zero(&bytes) }
        let key = try KDF.Scrypt.deriveKey(
            from: bytes, salt: salt, outputByteCount: PasswordHash.byteCount, rounds: cost.rounds, blockSize: cost.blockSize,
            parallelism: cost.parallelism)
        return key.withUnsafeBytes { Array($0) }
    }
}
