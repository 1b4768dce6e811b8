package import Logging

/// What all listeners share: the dialects, and the count of requests in progress.
package final class Shell: Sendable {
    let dialects: [any Dialect]
    let admission: Admission
    let logger: Logger

    /// Creates a shell. A request is answered by the first dialect whose prefix its path has.
    package init(dialects: [any Dialect], capacity: ShellCapacity = .init(), logger: Logger) {
        self.dialects = dialects
        self.logger = logger
        admission = Admission(capacity: capacity)
    }

    /// The number of requests in progress and of body bytes in memory.
    package var underWay: (requests: Int, bodyBytes: Int) { admission.current }
    /// The number of answers that are being streamed.
    package var streamsUnderWay: Int { admission.currentStreams }

    /// Returns the first dialect whose prefix a path has, or nil if there is none.
    func dialect(for path: String) -> (any Dialect)? {
        for dialect in dialects where path.utf8.starts(with: dialect.prefix.utf8) { return dialect }
        return nil
    }

    /// Returns the answer to a request that has passed the checks of the listener.
    func respond(to request: ShellRequest) async -> ShellResponse {
        guard let dialect = dialect(for: request.path) else {
            return await refuse(.notFound, request)
        }
        return await dialect.respond(to: request)
    }

    /// Returns the reason why a request may not have a large body, or nil if it may. Its body has not been read yet.
    func refusalOfLargeBody(_ head: ShellRequest, _ settings: ListenerSettings) async -> HTTPRefusal? {
        guard let dialect = dialect(for: head.path) else { return .bodyTooLarge }
        var head = head
        do throws(HTTPRefusal) { try settings.check(&head) } catch { return error }
        return await dialect.refusalOfLargeBody(head.headers, from: head.connection)
    }

    /// Records the refusal of a request in the audit log and returns the answer.
    func refuse(_ refusal: HTTPRefusal, _ request: ShellRequest) async -> ShellResponse {
        // If no dialect has the path, any dialect can record the refusal.
        guard let dialect = dialect(for: request.path) else {
            return await dialects.first?.record(refusal, of: request) ?? refusal.response
        }
        return await dialect.record(refusal, of: request) ?? dialect.answer(refusal, requestID: request.id)
    }

    /// Returns the answer to a refused request without recording it, in the form of the dialect that has the path.
    func answer(_ refusal: HTTPRefusal, path: String?, id: String) -> ShellResponse {
        guard let path, let dialect = dialect(for: path) else { return refusal.response }
        return dialect.answer(refusal, requestID: id)
    }
}
