/// A position in a text.
public struct HCLPosition: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The line, from 1.
    public var line: Int
    /// The column in Unicode scalars, from 1.
    public var column: Int

    /// Creates a position.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Returns whether position `a` is before position `b`.
    public static func < (a: HCLPosition, b: HCLPosition) -> Bool { (a.line, a.column) < (b.line, b.column) }

    /// The position as text, such as `line 3, column 7`.
    public var description: String { "line \(line), column \(column)" }
}

/// A fault in an HCL or JSON text. The message may contain names of keys and never contains values.
public struct HCLError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The line of the fault, from 1.
    public var line: Int
    /// The column of the fault in Unicode scalars, from 1.
    public var column: Int
    /// The fault, without its position.
    public var message: String

    /// Creates an error.
    ///
    /// - Parameters:
    ///   - message: The fault. Names of keys in it must have passed through ``quoted(_:)``.
    ///   - position: The position of the fault.
    public init(_ message: String, at position: HCLPosition) {
        self.line = position.line
        self.column = position.column
        self.message = message
    }

    /// The fault with its position, such as `line 3, column 7: expected a value`.
    public var description: String { "line \(line), column \(column): \(message)" }

    /// Returns a key, label or block type in quotes for use in a message: at most 128 characters, and `?` for each control character.
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

/// The largest document that is accepted. The bounds are checked while a text is read.
public struct HCLLimits: Sendable {
    /// The largest size of the text in bytes.
    public var bytesMax: Int
    /// The largest number of nested blocks, objects and lists.
    public var depthMax: Int
    /// The largest number of attributes, blocks and values together.
    public var nodesMax: Int

    /// Creates limits.
    public init(bytesMax: Int = 1 << 20, depthMax: Int = 32, nodesMax: Int = 100_000) {
        self.bytesMax = bytesMax
        self.depthMax = depthMax
        self.nodesMax = nodesMax
    }
}
