import EngineKit
import Lifetimes
import Syntax

/// Wraps answers with single-use tokens and unwraps them.
struct ResponseWrapping: Sendable {
    let tokens: TokenStore
    /// The longest life of a wrapping token in seconds; longer requests are reduced to it.
    let ttlMax: Int

    /// The error for a wrapping token that is unknown, used or expired.
    static let invalidToken = CofferError(.invalidRequest, "wrapping token is not valid or does not exist")

    /// The error for wrapping an answer that is not JSON, which the dialect that unwraps it could not send.
    static let notJSON = CofferError.invalid("this path does not answer JSON, so its answer cannot be wrapped")

    /// Returns the answer that is sent in place of the response. An empty response and a wrapped one are returned unchanged.
    ///
    /// - Parameter end: When the caller's credentials end; the wrapping token does not outlive them.
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

    /// Returns the entry of a wrapping token without using it. Throws ``invalidToken`` if there is none.
    func lookUp(id: String?) async throws -> TokenEntry {
        guard let id, let entry = try await tokens.wrapping(id: id) else { throw Self.invalidToken }
        return entry
    }

    /// Returns the wrapped answer and deletes the token.
    func unwrap(id: String?) async throws -> Response {
        try WrappedResponse(try await take(id)).response
    }

    /// Returns the wrapped answer in the form that early clients read from `cubbyhole/response`, and deletes the token.
    func unwrapText(id: String?) async throws -> String {
        try WrappedResponse(try await take(id)).envelopeText
    }

    /// Exchanges a wrapping token for a new one with the same life and answer.
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
