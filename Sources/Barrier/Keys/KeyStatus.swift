package import EngineKit
import Synchronization

/// The term of the keyring that encrypts new values, as `sys/key-status` returns it.
package struct KeyStatus: Sendable, Hashable {
    /// The number of the term, from 1.
    package var term: UInt32
    /// When the term was made.
    package var installed: Timestamp
    /// How many values were encrypted with the term. An estimate: see ``KeyTerm/encryptions``.
    package var encryptions: UInt64

    init(_ term: KeyTerm) {
        self.term = term.number
        installed = term.created
        encryptions = term.encryptions.load(ordering: .relaxed)
    }
}

extension Keyring {
    /// Whether values were encrypted since the keyring was last stored.
    var hasUnstoredUsage: Bool { current.encryptions.load(ordering: .relaxed) != storedEncryptions }
}
