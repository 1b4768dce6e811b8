/// The errors of audit devices. None of them holds any part of a record.
package enum AuditError: Error, Hashable, Sendable {
    /// Every device failed, so the request must not be served.
    case notRecorded
    /// The broker was closed because the server was sealed.
    case closed
    /// There is no device at the path.
    case unknownDevice
    /// Another device has the same path.
    case pathInUse
    /// The configured number of devices was reached.
    case tooManyDevices
    /// An option of a device is not valid, for the given reason.
    case invalidOption(name: String, reason: String)
    /// A device or file cannot be used. The reason names its path and the system's error.
    case unavailable(String)
}

extension AuditError: CustomStringConvertible {
    /// The message for the caller.
    package var description: String {
        switch self {
        case .notRecorded: "no audit device could record the request"
        case .closed: "the audit trail is closed because the server is sealed"
        case .unknownDevice: "there is no audit device at this path"
        case .pathInUse: "path already in use"
        case .tooManyDevices: "there are too many audit devices; disable one first"
        case .invalidOption(let name, let reason): "option \"\(name)\" \(reason)"
        case .unavailable(let reason): reason
        }
    }
}
