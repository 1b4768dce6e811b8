import EngineKit
import Synchronization

/// Whether a device's last write failed, for callers that must not wait for the write that is under way: a health check answers
/// while a disk or a network peer is stuck.
final class DeviceHealth: Sendable {
    private let hasFailed = Atomic(false)
    private let reason = UnfairLock<String?>(nil)

    /// Whether the last write failed.
    var isFailing: Bool { hasFailed.load(ordering: .relaxed) }

    /// Why the last write failed, or nil if it succeeded.
    var failure: String? {
        get { reason.withLock { $0 } }
        set {
            reason.withLock { $0 = newValue }
            hasFailed.store(newValue != nil, ordering: .relaxed)
        }
    }
}
