/// A mistake in a platform profile.
package struct ProfileProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The path of the file.
    package var file: String
    /// The line, counted from 1; 0 if the problem concerns the whole file.
    package var line: Int
    /// What is wrong.
    package var reason: String

    /// Creates a problem.
    package init(file: String, line: Int = 0, reason: String) {
        self.file = file
        self.line = line
        self.reason = reason
    }

    /// The problem as text, such as `slack.yaml:3: unknown key 'tokn_url'`.
    package var description: String { line > 0 ? "\(file):\(line): \(reason)" : "\(file): \(reason)" }
}
