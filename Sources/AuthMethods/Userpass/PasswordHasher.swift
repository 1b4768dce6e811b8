package import SecretMemory

/// What a password hash costs. Kept beside every hash, so that it can grow without a password being lost.
package struct HashCost: Sendable, Hashable {
    /// `N`, a power of two.
    package var rounds: Int
    /// `r`.
    package var blockSize: Int
    /// `p`.
    package var parallelism: Int

    package init(rounds: Int, blockSize: Int, parallelism: Int) {
        self.rounds = rounds
        self.blockSize = blockSize
        self.parallelism = parallelism
    }

    /// 32 MiB and about a tenth of a second of one core: what a login may take, and a guess costs as much.
    package static let standard = HashCost(rounds: 1 << 15, blockSize: 8, parallelism: 1)

    /// No stored record can ask for more memory or time than this.
    var isSane: Bool {
        (2...(1 << 20)).contains(rounds) && rounds.nonzeroBitCount == 1 && (1...32).contains(blockSize)
            && (1...16).contains(parallelism) && rounds * blockSize <= 1 << 20
    }
}

/// Turns a password into what is stored of it. Injected, so that tests can count the work instead of timing it.
package protocol PasswordHasher: Sendable {
    /// What new hashes cost.
    var cost: HashCost { get }

    /// 32 bytes. The password is not empty.
    func hash(_ password: SecretBytes, salt: [UInt8], cost: HashCost) async throws -> [UInt8]
}
