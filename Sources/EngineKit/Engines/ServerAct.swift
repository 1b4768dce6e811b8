package import Syntax

/// What an engine does without being asked, as the audit trail shows it: once before and once after.
package struct ServerAct: Sendable {
    /// Whether the act is about to begin or has ended.
    package enum Step: Sendable {
        case begun
        /// The error's text names no value; nil means it went well.
        case ended(error: String?)
    }

    /// A UUID that joins both records.
    package var id: String
    /// Shown as the caller: `background-refresh`.
    package var actor: String
    /// The operation that a caller would have asked for.
    package var operation: Operation
    /// Relative to the mount.
    package var path: String
    /// Values are hashed in the trail, as those of a request.
    package var data: JSONObject
    /// Which of the two records this is.
    package var step: Step

    /// Creates the record of an act; by default of its beginning.
    package init(
        id: String, actor: String, operation: Operation, path: String, data: JSONObject = .init(), step: Step = .begun
    ) {
        self.id = id
        self.actor = actor
        self.operation = operation
        self.path = path
        self.data = data
        self.step = step
    }
}
