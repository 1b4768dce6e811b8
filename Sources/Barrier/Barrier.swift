package import EngineKit
package import SecretMemory

/// Storage behind which nothing is stored in the clear: what comes in is sealed, what goes out is opened.
///
/// Keys stay readable to the store; values, and the place each belongs to, are authenticated. Keys below `core/`
/// are the barrier's own and refused here. Without its keys (sealed) every call throws ``StorageError/sealed``.
package final class Barrier: Sendable {
    private struct State {
        var keyring: Keyring?
        var lastStamp: UInt64 = 0

        mutating func take(_ candidate: UInt64) -> UInt64 {
            lastStamp = max(lastStamp + 1, candidate)
            return lastStamp
        }
    }

    private let state = BargingLock(State())
    let base: any Storage
    let randomness: any Randomness
    private let time: any TimeSource

    /// Sealed. `base` keeps sealed records only.
    package init(base: any Storage, randomness: any Randomness, time: any TimeSource) {
        self.base = base
        self.randomness = randomness
        self.time = time
    }

    package var isSealed: Bool { state.withLock { $0.keyring == nil } }

    /// A key for one purpose, such as `token-hmac/v1`: always the same, whatever is rotated. Wiped with its last reference.
    package func subkey(info: String) throws(StorageError) -> SecretBytes { try openKeyring().subkey(info: info) }

    /// The term that seals now.
    package func keyStatus() throws(StorageError) -> KeyStatus { KeyStatus(try openKeyring().current) }
}

extension Barrier {
    func openKeyring() throws(StorageError) -> Keyring {
        guard let keyring = state.withLock({ $0.keyring }) else { throw .sealed }
        return keyring
    }

    func install(_ keyring: Keyring) { state.withLock { $0.keyring = keyring } }

    /// Nothing when the keys were dropped or replaced meanwhile.
    func replace(_ old: Keyring, with new: Keyring) {
        state.withLock { state in
            if state.keyring === old { state.keyring = new }
        }
    }

    /// Drops the keys and gives back what they were.
    func dropKeys() -> Keyring? { state.withLock { $0.keyring.take() } }

    /// A stamp later than every other of this process: microseconds, and ten random bits so that a clock set back
    /// between two runs repeats none.
    func stamp() -> UInt64 {
        let candidate = stampCandidate()
        return state.withLock { $0.take(candidate) }
    }

    /// One stamp is enough for a batch: a key is in it once.
    func keyringAndStamp() throws(StorageError) -> (Keyring, UInt64) {
        let candidate = stampCandidate()
        let taken = state.withLock { state in state.keyring.map { ($0, state.take(candidate)) } }
        guard let taken else { throw .sealed }
        return taken
    }

    private func stampCandidate() -> UInt64 {
        var random: UInt16 = 0
        withUnsafeMutableBytes(of: &random) { randomness.fill($0) }
        let micros = UInt64(clamping: time.now().nanoseconds / 1_000) & (.max >> 11)
        return micros << 10 | UInt64(random & 0x3FF)
    }
}
