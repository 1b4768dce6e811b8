package import EngineKit

/// The part of a response's line that is not in its request's line.
package struct AuditAnswer: Sendable {
    /// When the response was processed. Written in clear.
    package var time: Timestamp
    /// The response.
    package var response: AuditResponse?
    /// The error, written in clear and cut at 1 KiB. Error messages never hold a caller's values.
    package var error: String?

    /// Creates the response to a record.
    package init(time: Timestamp, response: AuditResponse? = nil, error: String? = nil) {
        self.time = time
        self.response = response
        self.error = error
    }
}

/// What is recorded at once: the line of a request, the line of a response, or both. It is a class because it is large and is
/// only passed on.
package final class AuditEntry: Sendable {
    let record: AuditRecord
    /// The response to `record`, if that is a request.
    let answer: AuditAnswer?

    /// Creates an entry.
    package init(_ record: AuditRecord, answer: AuditAnswer? = nil) {
        self.record = record
        self.answer = answer
    }
}
