/// The variables of a `.env` file: `NAME=value` lines with quotes, comments, `export` and values of several lines.
///
/// Nothing is expanded: a `$` in a value is a `$`. Of a name that stands twice, the last value counts.
public struct DotEnv: Sendable {
    public struct Variable: Sendable {
        public var name: String
        public var value: String
        /// Counts from 1.
        public var line: Int
    }

    public static let bytesMax = 1 << 20
    public static let variablesMax = 4_096

    public private(set) var variables: [Variable] = []

    public init(parsing text: String) throws(DotEnvError) {
        guard text.utf8.count <= Self.bytesMax else { throw DotEnvError("the file is larger than 1 MiB", line: 1) }
        var reader = DotEnvReader(text)
        while let variable = try reader.next() {
            guard variables.count < Self.variablesMax else {
                throw DotEnvError("more than \(Self.variablesMax) variables", line: variable.line)
            }
            variables.append(variable)
        }
    }

    /// Each name once, with its last value.
    public var values: [String: String] {
        Dictionary(variables.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }

    /// Where the value in use stands.
    public func line(of name: String) -> Int? { variables.last { $0.name == name }?.line }
}

/// What is wrong with a file of variables and where. Never shows a value.
public struct DotEnvError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Counts from 1.
    public var line: Int
    public var message: String

    init(_ message: String, line: Int) {
        self.message = message
        self.line = line
    }

    public var description: String { "line \(line): \(message)" }
}
