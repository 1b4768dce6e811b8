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

    private let state = UnfairLock(State())
    private let reread = UnfairLock<(@Sendable () async -> Void)?>(nil)
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

    /// How the stored keys are read again, for a record of a term that is not known here yet.
    func rereadsKeys(_ body: @escaping @Sendable () async -> Void) { reread.withLock { $0 = body } }

    /// The keys after reading them again, where a record names a newer term than these have: another node rotated them a
    /// moment ago, and its record was faster than the news of it.
    func keyring(after keyring: Keyring, knowing record: StoredRecord) async -> Keyring? {
        guard let term = record.value.withRawBytes({ Envelope.keyID(of: $0) }), term > keyring.current.number,
            let reread = reread.withLock({ $0 })
        else { return nil }
        await reread()
        return try? openKeyring()
    }

    func install(_ keyring: Keyring) { state.withLock { $0.keyring = keyring } }

    /// False, and nothing happens, when the keys were dropped or replaced meanwhile.
    @discardableResult
    func replace(_ old: Keyring, with new: Keyring) -> Bool {
        state.withLock { state in
            guard state.keyring === old else { return false }
            state.keyring = new
            return true
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
