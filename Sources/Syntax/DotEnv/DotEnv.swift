/// The variables of a `.env` file: `NAME=value` lines with quotes, comments, `export` and values of several lines.
///
/// Nothing is expanded: a `$` in a value is a `$`. If a name occurs more than once, its last value is used.
public struct DotEnv: Sendable {
    /// One variable of a file.
    public struct Variable: Sendable {
        /// The name before the `=`.
        public var name: String
        /// The value, without its quotes and with its escapes resolved.
        public var value: String
        /// The line on which the variable begins, from 1.
        public var line: Int
    }

    /// The largest size of a file in bytes: 1 MiB.
    public static let bytesMax = 1 << 20
    /// The largest number of variables in a file.
    public static let variablesMax = 4_096

    /// The variables in the order of the file, including those that a later line replaces.
    public private(set) var variables: [Variable] = []

    /// Reads the text of a `.env` file.
    ///
    /// - Throws: ``DotEnvError`` if a line does not have the form `NAME=value`, a quote is not closed, or the file is too large.
    public init(parsing text: String) throws(DotEnvError) {
        guard text.utf8.count <= Self.bytesMax else { throw DotEnvError("the file is larger than 1 MiB", line: 1) }
        var reader = DotEnvReader(text)
        while let variable = try reader.next() {
            guard variables.count < Self.variablesMax else {
                throw DotEnvError("the file has more than \(Self.variablesMax) variables", line: variable.line)
            }
            variables.append(variable)
        }
    }

    /// The value of each variable by name. If a name occurs more than once, its last value.
    public var values: [String: String] {
        Dictionary(variables.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }
}

/// A fault in a `.env` file. The message never contains a value.
public struct DotEnvError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The line of the fault, from 1.
    public var line: Int
    /// The fault, without its place.
    public var message: String

    init(_ message: String, line: Int) {
        self.message = message
        self.line = line
    }

    /// The fault with its line, such as `line 3: expected NAME=value`.
    public var description: String { "line \(line): \(message)" }
}
