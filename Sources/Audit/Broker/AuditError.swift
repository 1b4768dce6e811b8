/// What can go wrong, without a word of what was to be recorded.
package enum AuditError: Error, Hashable, Sendable {
    /// Every device failed: the request must not be served.
    case notRecorded
    /// The broker was closed (sealed).
    case closed
    case unknownDevice
    case pathInUse
    case tooManyDevices
    /// An option by its name and what is wrong with it.
    case invalidOption(name: String, reason: String)
    /// The device cannot be written; the reason names the path and the system's error.
    case unavailable(String)
}

extension AuditError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notRecorded: "no audit device could record the request"
        case .closed: "the audit trail is closed"
        case .unknownDevice: "no audit device at this path"
        case .pathInUse: "path already in use"
        case .tooManyDevices: "too many audit devices"
        case .invalidOption(let name, let reason): "option \"\(name)\": \(reason)"
        case .unavailable(let reason): reason
        }
    }
}
