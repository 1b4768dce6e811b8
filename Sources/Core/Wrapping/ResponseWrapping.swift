import EngineKit
import Lifetimes
import Syntax

/// Puts answers under single-use tokens and takes them out again.
struct ResponseWrapping: Sendable {
    let tokens: TokenStore
    /// Seconds; a longer wish is cut to it.
    let ttlMax: Int

    static let invalidToken = CofferError(.invalidRequest, "wrapping token is not valid or does not exist")

    /// A wrapped answer is JSON for everybody who reads it, whichever dialect wraps and unwraps it.
    static let notJSON = CofferError.invalid("this path does not answer JSON, so its answer cannot be wrapped")

    /// The answer that goes out in place of this one. An empty answer, and one that is wrapped already, stay as they are.
    ///
    /// - Parameter end: When the caller's credentials end; the wrapping token does not last longer.
    func wrap(_ response: Response, ttl: Int, path: String, until end: Timestamp? = nil) async throws -> Response {
        if response.wrapInfo != nil { return response }
        guard response.body.isJSON else { throw Self.notJSON }
        if case .none = response.body, response.auth == nil, response.lease == nil { return response }
        let made = try await tokens.makeWrapping(
            path: path, ttl: min(max(ttl, 1), ttlMax), until: end, content: WrappedResponse.encode(response))
        var outer = Response(.none)
        outer.wrapInfo = made.entry.wrapInfo(token: made.token, wrappedAccessor: response.issuedAccessor)
        outer.afterRecording = response.afterRecording
        return outer
    }

    func lookUp(id: String?) async throws -> TokenEntry {
        guard let id, let entry = try await tokens.wrapping(id: id) else { throw Self.invalidToken }
        return entry
    }

    /// The answer under the token, once.
    func unwrap(id: String?) async throws -> Response {
        try WrappedResponse(try await take(id)).response
    }

    /// The same as the text that the first clients read from `cubbyhole/response`.
    func unwrapText(id: String?) async throws -> String {
        try WrappedResponse(try await take(id)).envelopeText
    }

    func rewrap(id: String?, until end: Timestamp?) async throws -> WrapInfo {
        guard let id, let made = try await tokens.rewrap(id: id, until: end) else { throw Self.invalidToken }
        let accessor = try WrappedResponse(made.content).response.issuedAccessor
        return made.entry.wrapInfo(token: made.token, wrappedAccessor: accessor)
    }

    private func take(_ id: String?) async throws -> [UInt8] {
        guard let id, let content = try await tokens.takeWrapped(id: id) else { throw Self.invalidToken }
        return content
    }
}

extension TokenEntry {
    fileprivate func wrapInfo(token: String, wrappedAccessor: String?) -> WrapInfo {
        WrapInfo(
            token: token, accessor: accessor, ttl: creationTTL, createdAt: createdAt, creationPath: path,
            wrappedAccessor: wrappedAccessor)
    }
}

extension Response {
    fileprivate var issuedAccessor: String? {
        if case .issued(let auth)? = auth { auth.accessor } else { nil }
    }
}
