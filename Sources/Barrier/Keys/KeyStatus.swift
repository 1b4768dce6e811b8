package import EngineKit
import Synchronization

/// The term that seals now, as `sys/key-status` answers.
package struct KeyStatus: Sendable, Hashable {
    package var term: UInt32
    package var installed: Timestamp
    /// An estimate. See ``KeyTerm/encryptions``.
    package var encryptions: UInt64

    init(_ term: KeyTerm) {
        self.term = term.number
        installed = term.created
        encryptions = term.encryptions.load(ordering: .relaxed)
    }
}

extension Keyring {
    var hasUnstoredUsage: Bool { current.encryptions.load(ordering: .relaxed) != storedEncryptions }
}
