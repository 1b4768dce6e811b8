import EngineKit
import Lifetimes
import Syntax

/// Puts answers under single-use tokens and takes them out again.
struct ResponseWrapping: Sendable {
    let tokens: TokenStore
    /// Seconds; a longer wish is cut to it.
    let ttlMax: Int

    static let invalidToken = CofferError(.invalidRequest, "wrapping token is not valid or does not exist")

    /// The answer that goes out in place of this one. An empty answer, and one that is wrapped already, stay as they are.
    func wrap(_ response: Response, ttl: Int, path: String) async throws -> Response {
        if response.wrapInfo != nil { return response }
        if case .none = response.body, response.auth == nil, response.lease == nil { return response }
        let made = try await tokens.makeWrapping(
            path: path, ttl: min(max(ttl, 1), ttlMax), content: WrappedResponse.encode(response))
        var outer = Response(.none)
        outer.wrapInfo = made.entry.wrapInfo(token: made.token, wrappedAccessor: response.issuedAccessor)
        outer.afterRecording = response.afterRecording
        return outer
    }

    func lookUp(_ token: String?) async throws -> TokenEntry {
        guard let token, let entry = try await tokens.wrapping(token) else { throw Self.invalidToken }
        return entry
    }

    /// The answer under the token, once.
    func unwrap(_ token: String?) async throws -> Response {
        try WrappedResponse(try await take(token)).response
    }

    /// The same as the text that the first clients read from `cubbyhole/response`.
    func unwrapText(_ token: String?) async throws -> String {
        try WrappedResponse(try await take(token)).envelopeText
    }

    func rewrap(_ token: String?) async throws -> WrapInfo {
        guard let token, let made = try await tokens.rewrap(token) else { throw Self.invalidToken }
        let accessor = try WrappedResponse(made.content).response.issuedAccessor
        return made.entry.wrapInfo(token: made.token, wrappedAccessor: accessor)
    }

    private func take(_ token: String?) async throws -> [UInt8] {
        guard let token, let content = try await tokens.takeWrapped(token) else { throw Self.invalidToken }
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
