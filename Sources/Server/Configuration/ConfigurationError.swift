package import Syntax

/// A mistake in the configuration. The description names the file, the line and the key, and never
/// a value, which may be a secret.
package struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file with the mistake, or nil if it is in a variable or in no single file.
    package var file: String?
    /// The line and column in the file, where they are known.
    package var position: HCLPosition?
    /// What is wrong, as a sentence without a capital letter or a full stop.
    package var message: String

    /// Creates an error, in a file and at a position where these are known.
    package init(_ message: String, file: String? = nil, at position: HCLPosition? = nil) {
        self.message = message
        self.file = file
        self.position = position
    }

    init(_ error: HCLError, file: String) {
        self.init(error.message, file: file, at: HCLPosition(line: error.line, column: error.column))
    }

    /// Runs work whose errors are mistakes in the configuration, and throws them as such.
    static func wrapping<T>(_ work: () throws -> T) throws(ConfigurationError) -> T {
        do { return try work() } catch { throw ConfigurationError("\(error)") }
    }

    /// `FILE:LINE: MESSAGE`, as far as file and line are known.
    package var description: String { ConfigurationNotice(message, file: file, at: position).description }
}

/// A warning about the configuration: a setting that has no effect, or an effect that its author
/// may not expect.
package struct ConfigurationNotice: Sendable, Hashable, CustomStringConvertible {
    /// The file that the warning is about, or nil if it is about a variable.
    package var file: String?
    /// The line and column in the file, where they are known.
    package var position: HCLPosition?
    /// What has no effect or another one, as a sentence without a capital letter or a full stop.
    package var message: String

    init(_ message: String, file: String? = nil, at position: HCLPosition? = nil) {
        self.message = message
        self.file = file
        self.position = position
    }

    /// `FILE:LINE: MESSAGE`, as far as file and line are known.
    package var description: String {
        guard let file else { return message }
        guard let position else { return "\(file): \(message)" }
        return "\(file):\(position.line): \(message)"
    }
}
