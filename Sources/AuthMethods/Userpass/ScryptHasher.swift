import CryptoExtras
import Dispatch
package import SecretMemory

/// scrypt (RFC 7914), on threads of its own: a hash would hold up every other request of a small machine.
package struct ScryptHasher: PasswordHasher {
    package let cost: HashCost
    private let queue = DispatchQueue(label: "coffer.scrypt", qos: .utility, attributes: .concurrent)

    package init(cost: HashCost = .standard) { self.cost = cost }

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
