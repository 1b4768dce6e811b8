package import Logging

/// What all listeners share: the dialects and the count of what is under way.
package final class Shell: Sendable {
    let dialects: [any Dialect]
    let admission: Admission
    let logger: Logger

    package init(dialects: [any Dialect], capacity: ShellCapacity = .init(), logger: Logger) {
        self.dialects = dialects
        self.logger = logger
        admission = Admission(capacity: capacity)
    }

    /// Requests with an answer under way and body bytes in memory.
    package var underWay: (requests: Int, bodyBytes: Int) { admission.current }

    func dialect(for path: String) -> (any Dialect)? {
        for dialect in dialects where path.utf8.starts(with: dialect.prefix.utf8) { return dialect }
        return nil
    }

    func respond(to request: ShellRequest) async -> ShellResponse {
        guard let dialect = dialect(for: request.path) else {
            return await refuse(.notFound, request)
        }
        return await dialect.respond(to: request)
    }

    /// nil when a request with this head, whose body is not read yet, may have a large one.
    func refusalOfLargeBody(_ head: ShellRequest, _ settings: ListenerSettings) async -> HTTPRefusal? {
        guard let dialect = dialect(for: head.path) else { return .bodyTooLarge }
        var head = head
        do throws(HTTPRefusal) { try settings.check(&head) } catch { return error }
        return await dialect.refusalOfLargeBody(head.headers, from: head.connection)
    }

    /// The answer to a request that went no further than here, once its refusal is on record.
    func refuse(_ refusal: HTTPRefusal, _ request: ShellRequest) async -> ShellResponse {
        // Where it is not known what it was meant for, any dialect can put it on record.
        guard let dialect = dialect(for: request.path) else {
            return await dialects.first?.record(refusal, of: request) ?? refusal.response
        }
        return await dialect.record(refusal, of: request) ?? dialect.answer(refusal, requestID: request.id)
    }

    /// The answer to a refused request, in the shape of the dialect it was meant for.
    func answer(_ refusal: HTTPRefusal, path: String?, id: String) -> ShellResponse {
        guard let path, let dialect = dialect(for: path) else { return refusal.response }
        return dialect.answer(refusal, requestID: id)
    }
}
