package import Logging

extension Logger.Level {
    /// Creates a level from a name that Vault has for it, in lower case. Returns nil for any other text.
    package init?(vault text: String) {
        switch text {
        case "trace", "debug", "info": self.init(rawValue: text)
        case "notice": self = .info
        case "warn", "warning": self = .warning
        case "error", "err": self = .error
        default: return nil
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
