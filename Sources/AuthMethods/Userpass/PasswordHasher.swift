package import SecretMemory

/// The cost of a password hash: the parameters of scrypt (RFC 7914). It is stored with each hash, so it can be raised later
/// and old hashes still match.
package struct HashCost: Sendable, Hashable {
    /// The parameter `N`, a power of two.
    package var rounds: Int
    /// The parameter `r`.
    package var blockSize: Int
    /// The parameter `p`.
    package var parallelism: Int

    /// Creates a cost with these parameters of scrypt.
    package init(rounds: Int, blockSize: Int, parallelism: Int) {
        self.rounds = rounds
        self.blockSize = blockSize
        self.parallelism = parallelism
    }

    /// The cost of new hashes: 32 MiB and about a tenth of a second of one core, for a login as for a guess.
    package static let standard = HashCost(rounds: 1 << 15, blockSize: 8, parallelism: 1)

    /// Whether the cost is within the limits for stored records, which bound memory and time.
    var isSane: Bool {
        (2...(1 << 20)).contains(rounds) && rounds.nonzeroBitCount == 1 && (1...32).contains(blockSize)
            && (1...16).contains(parallelism) && rounds * blockSize <= 1 << 20
    }
}

/// Hashes passwords. It is injected, so that tests can count the hashes instead of measuring time.
package protocol PasswordHasher: Sendable {
    /// The cost of new hashes.
    var cost: HashCost { get }

    /// Returns the hash of a password, 32 bytes. The password must not be empty.
    func hash(_ password: SecretBytes, salt: [UInt8], cost: HashCost) async throws -> [UInt8]
}
