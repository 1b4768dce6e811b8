/// Where something stands in a text; both count from 1, columns in Unicode scalars.
public struct HCLPosition: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public static func < (a: HCLPosition, b: HCLPosition) -> Bool { (a.line, a.column) < (b.line, b.column) }

    public var description: String { "line \(line), column \(column)" }
}

/// What is wrong with a text and where. The message names keys, never values.
public struct HCLError: Error, Sendable, Hashable, CustomStringConvertible {
    public var line: Int
    public var column: Int
    public var message: String

    public init(_ message: String, at position: HCLPosition) {
        self.line = position.line
        self.column = position.column
        self.message = message
    }

    public var description: String { "line \(line), column \(column): \(message)" }

    /// A key, label or block type in quotes, shortened and without control characters, fit for a message.
    public static func quoted(_ name: String) -> String {
        var text = "\""
        for scalar in name.unicodeScalars.prefix(128) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate: text += "?"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + (name.unicodeScalars.dropFirst(128).isEmpty ? "\"" : "...\"")
    }
}

/// Bounds on a document, checked while it is read.
public struct HCLLimits: Sendable {
    public var bytesMax: Int
    public var depthMax: Int
    /// Attributes, blocks and values together.
    public var nodesMax: Int

    public init(bytesMax: Int = 1 << 20, depthMax: Int = 32, nodesMax: Int = 100_000) {
        self.bytesMax = bytesMax
        self.depthMax = depthMax
        self.nodesMax = nodesMax
    }
}
