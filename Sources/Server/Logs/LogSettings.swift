package import Logging

/// A log level, by the name that Vault has for it.
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

    /// The level of swift-log.
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

/// The form of log lines.
package enum LogFormat: String, Sendable, Hashable {
    /// A JSON object per line.
    case json
    /// Text for people.
    case standard
}
