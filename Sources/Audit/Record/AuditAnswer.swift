package import EngineKit

/// What a response line says besides what its request's line says already.
package struct AuditAnswer: Sendable {
    /// Clear.
    package var time: Timestamp
    package var response: AuditResponse?
    /// Clear, cut at 1 KiB: error texts never hold a caller's value.
    package var error: String?

    package init(time: Timestamp, response: AuditResponse? = nil, error: String? = nil) {
        self.time = time
        self.response = response
        self.error = error
    }
}

/// What is recorded at once: a request's line, a response's line, or both. An object, because it is large and only
/// handed on.
package final class AuditEntry: Sendable {
    let record: AuditRecord
    /// The response to `record`, when that is a request.
    let answer: AuditAnswer?

    package init(_ record: AuditRecord, answer: AuditAnswer? = nil) {
        self.record = record
        self.answer = answer
    }
}
