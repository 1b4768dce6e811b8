package import Syntax

/// What is wrong with the configuration and where. Names keys, never values.
package struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    package var file: String?
    package var position: HCLPosition?
    package var message: String

    package init(_ message: String, file: String? = nil, at position: HCLPosition? = nil) {
        self.message = message
        self.file = file
        self.position = position
    }

    init(_ error: HCLError, file: String) {
        self.init(error.message, file: file, at: HCLPosition(line: error.line, column: error.column))
    }

    package var description: String { ConfigurationNotice(message, file: file, at: position).description }
}

/// Something in the configuration that has no effect here, or another one than its author may expect.
package struct ConfigurationNotice: Sendable, Hashable, CustomStringConvertible {
    package var file: String?
    package var position: HCLPosition?
    package var message: String

    init(_ message: String, file: String? = nil, at position: HCLPosition? = nil) {
        self.message = message
        self.file = file
        self.position = position
    }

    package var description: String {
        guard let file else { return message }
        guard let position else { return "\(file): \(message)" }
        return "\(file):\(position.line): \(message)"
    }
}
