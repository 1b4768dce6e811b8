package import Logging

/// Vault's names of log levels.
package enum LogLevel: String, Sendable, Hashable {
    case trace, debug, info, warn, error

    init?(vault text: String) {
        switch text {
        case "notice": self = .info
        case "warning": self = .warn
        case "err": self = .error
        default: self.init(rawValue: text)
        }
    }

    package var level: Logger.Level {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .warn: .warning
        case .error: .error
        }
    }
}

package enum LogFormat: String, Sendable, Hashable {
    /// One JSON object a line.
    case json
    /// For people.
    case standard
}
