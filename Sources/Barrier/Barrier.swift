package import EngineKit
package import SecretMemory

/// Storage that encrypts and authenticates every value before it reaches the underlying store.
///
/// The store sees the keys of records in the clear, never their values. Each value is authenticated together with its
/// key and its version, so a value that was moved to another key does not decrypt. Keys below `core/` hold the
/// barrier's own records, and callers cannot use them. While the barrier is sealed, it has no encryption keys, and
/// every call throws ``StorageError/sealed``.
package final class Barrier: Sendable {
    private struct State {
        var keyring: Keyring?
        var lastStamp: UInt64 = 0

        /// Returns a stamp that is greater than every earlier one: `candidate`, or the last stamp plus one.
        mutating func nextStamp(_ candidate: UInt64) -> UInt64 {
            lastStamp = max(lastStamp + 1, candidate)
            return lastStamp
        }
    }

    private let state = UnfairLock(State())
    /// Reads the stored keyring again. Set by the controller that owns the barrier.
    private let reload = UnfairLock<(@Sendable () async -> Void)?>(nil)
    /// The store below, which holds encrypted values only.
    let base: any Storage
    let randomness: any Randomness
    private let time: any TimeSource

    /// Creates a sealed barrier over `base`.
    package init(base: any Storage, randomness: any Randomness, time: any TimeSource) {
        self.base = base
        self.randomness = randomness
        self.time = time
    }

    /// Whether the barrier has no encryption keys.
    package var isSealed: Bool { state.withLock { $0.keyring == nil } }

    /// Returns the 256-bit key for the purpose `info`, such as `token-hmac/v1`. Rotating the encryption keys does not
    /// change it. The key is wiped with its last reference.
    package func subkey(info: String) throws(StorageError) -> SecretBytes { try openKeyring().subkey(info: info) }

    /// Returns the number, age and use of the term that encrypts new values.
    package func keyStatus() throws(StorageError) -> KeyStatus { KeyStatus(try openKeyring().current) }
}

extension Barrier {
    /// Returns the keys. Throws ``StorageError/sealed`` if there are none.
    func openKeyring() throws(StorageError) -> Keyring {
        guard let keyring = state.withLock({ $0.keyring }) else { throw .sealed }
        return keyring
    }

    /// Sets the function that reads the stored keyring again when a record names a term that this process does not know
    /// yet.
    func setKeyringReload(_ body: @escaping @Sendable () async -> Void) { reload.withLock { $0 = body } }

    /// Returns the keys as stored now if `record` names a newer term than `keyring` has, or nil if it does not. This
    /// happens when another node rotated the keys a moment ago, and its record arrives before the news of the rotation.
    func reloadedKeyring(_ keyring: Keyring, ifNewerTermIn record: StoredRecord) async -> Keyring? {
        guard let term = record.value.withRawBytes({ Envelope.keyID(of: $0) }), term > keyring.current.number,
            let reload = reload.withLock({ $0 })
        else { return nil }
        await reload()
        return try? openKeyring()
    }

    /// Unseals the barrier with `keyring`.
    func install(_ keyring: Keyring) { state.withLock { $0.keyring = keyring } }

    /// Replaces `old` with `new`. Returns false and changes nothing if the barrier holds other keys by now, or none.
    @discardableResult
    func replace(_ old: Keyring, with new: Keyring) -> Bool {
        state.withLock { state in
            guard state.keyring === old else { return false }
            state.keyring = new
            return true
        }
    }

    /// Seals the barrier. Returns the keys that it held, or nil if it was sealed already.
    func dropKeys() -> Keyring? { state.withLock { $0.keyring.take() } }

    /// Returns a version for a record: greater than every earlier one of this process. It consists of the time in
    /// microseconds and ten random bits, so that a clock that was set back between two runs does not repeat a version.
    func stamp() -> UInt64 {
        let candidate = stampCandidate()
        return state.withLock { $0.nextStamp(candidate) }
    }

    /// Returns the keys together with one stamp for a whole batch, which contains each key once at most.
    func keyringAndStamp() throws(StorageError) -> (Keyring, UInt64) {
        let candidate = stampCandidate()
        let taken = state.withLock { state in state.keyring.map { ($0, state.nextStamp(candidate)) } }
        guard let taken else { throw .sealed }
        return taken
    }

    /// Returns the time in microseconds, shifted by ten bits that are filled with random ones.
    private func stampCandidate() -> UInt64 {
        var random: UInt16 = 0
        withUnsafeMutableBytes(of: &random) { randomness.fill($0) }
        let micros = UInt64(clamping: time.now().nanoseconds / 1_000) & (.max >> 11)
        return micros << 10 | UInt64(random & 0x3FF)
    }
}
