/// A mistake in a platform profile.
package struct ProfileProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The path of the file.
    package var file: String
    /// The line, counted from 1; 0 if the problem concerns the whole file.
    package var line = 0
    /// What is wrong.
    package var reason: String

    /// The problem as text, such as `slack.yaml:3: unknown key 'tokn_url'`.
    package var description: String { line > 0 ? "\(file):\(line): \(reason)" : "\(file): \(reason)" }
}
