/// What is wrong with a profile, and where.
package struct ProfileProblem: Error, Sendable, Hashable, CustomStringConvertible {
    package var file: String
    /// From 1; 0 when it concerns the whole file.
    package var line: Int
    package var reason: String

    package init(file: String, line: Int = 0, reason: String) {
        self.file = file
        self.line = line
        self.reason = reason
    }

    package var description: String { line > 0 ? "\(file):\(line): \(reason)" : "\(file): \(reason)" }
}
