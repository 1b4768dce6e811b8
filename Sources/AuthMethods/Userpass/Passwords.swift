import EngineKit
import SecretMemory

/// Makes and checks password hashes, a bounded number at once.
struct Passwords: Sendable {
    let hasher: any PasswordHasher
    let gate: PasswordHashLimiter
    let randomness: any Randomness

    static let bytesMax = 1_024

    func make(_ password: String) async throws -> PasswordHash {
        guard !password.isEmpty else { throw CofferError.invalid("missing password") }
        guard password.utf8.count <= Self.bytesMax else {
            throw CofferError.invalid("field 'password' may have \(Self.bytesMax) bytes at most")
        }
        let salt = randomness.bytes(PasswordHash.saltByteCount)
        let bytes = try await gate.pass { try await hasher.hash(SecretBytes(password.utf8), salt: salt, cost: hasher.cost) }
        return PasswordHash(salt: salt, bytes: bytes, cost: hasher.cost)
    }

    /// Whether the password has this hash. Pass nil for an unknown user: the answer is then false after the same work.
    func check(_ password: String, _ hash: PasswordHash?) async throws -> Bool {
        // A password that no user can have is replaced by another one, so that the amount of work is the same.
        let isPossible = (1...Self.bytesMax).contains(password.utf8.count)
        let stand = hash ?? PasswordHash(salt: Self.dummySalt, bytes: Self.dummyHash, cost: hasher.cost)
        let bytes = try await gate.pass {
            try await hasher.hash(SecretBytes(isPossible ? Array(password.utf8) : [0]), salt: stand.salt, cost: stand.cost)
        }
        return stand.matches(bytes) && hash != nil && isPossible
    }

    /// Whether the hash has the cost of new hashes.
    func isCurrent(_ hash: PasswordHash) -> Bool { hash.cost == hasher.cost }

    private static let dummySalt = [UInt8](repeating: 0x5A, count: PasswordHash.saltByteCount)
    private static let dummyHash = [UInt8](repeating: 0, count: PasswordHash.byteCount)
}
