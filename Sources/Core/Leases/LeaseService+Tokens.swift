import EngineKit
import Lifetimes
import Syntax

/// Presents tokens that expire as leases. The lease id is the path that created the token, then `/h` and the token's id, such as
/// `auth/userpass/login/bob/h…`.
///
/// Tokens have no lease records. Listing and revoking by prefix read the index of expiry times, which holds the paths.
extension LeaseService {
    /// The number of tokens that are revoked concurrently.
    private static let widthMax = 16

    /// Returns the token of a lease, or nil if the id is of another lease or the token is gone or never expires.
    func token(ofLease id: String) async throws -> TokenEntry? {
        guard id.hasUTF8Prefix("auth/"), let (path, name) = id.cutUTF8(atLast: "/") else { return nil }
        guard name.utf8.count == 65, let tokenID = name.removingUTF8Prefix("h") else { return nil }
        guard let entry = try await tokens.entry(id: String(tokenID)), entry.path.equalsUTF8(path) else { return nil }
        return entry.expiresAt == nil ? nil : entry
    }

    /// Revokes the tokens that were created below a path. Does nothing for paths outside `auth/`.
    ///
    /// - Parameter prefix: The path with its final slash.
    func revokeTokens(below prefix: String) async throws {
        guard prefix.hasUTF8Prefix("auth/") else { return }
        try await forEachPage { page in
            let below = page.filter { ($0.path + "/").hasUTF8Prefix(prefix) }
            let results = await concurrently(below, width: Self.widthMax) { [tokens] in try await tokens.revokeTree(id: $0.id) }
            for result in results { try result.get() }
            return true
        }
    }

    /// Returns the children of a folder in the tree of lease ids, in byte order.
    ///
    /// - Parameters:
    ///   - prefix: The folder with its final slash; empty for the root.
    ///   - after: The last name of the previous page; nil for the first page.
    ///   - limit: The maximum number of names.
    func tokenNames(below prefix: String, after: String?, limit: Int) async throws -> [String] {
        guard prefix.isEmpty || prefix.hasUTF8Prefix("auth/") else { return [] }
        var names: Set<String> = []
        try await forEachPage { page in
            for token in page where token.path.hasUTF8Prefix("auth/") {
                let id = "\(token.path)/h\(token.id)"
                guard id.hasUTF8Prefix(prefix) else { continue }
                let rest = id.dropFirstUTF8(prefix.utf8.count)
                let name = rest.cutUTF8(at: "/").map { $0.before + "/" }.map(String.init) ?? String(rest)
                if after.map({ $0.utf8.lexicographicallyPrecedes(name.utf8) }) ?? true { names.insert(name) }
            }
            if names.count > 2 * limit { names = Set(Self.first(limit, names)) }
            // The root has a single child, `auth/`.
            return !prefix.isEmpty || names.isEmpty
        }
        return Self.first(limit, names)
    }

    private static func first(_ limit: Int, _ names: Set<String>) -> [String] {
        Array(names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(limit))
    }

    /// Calls `body` with each page of tokens that expire, until it returns false.
    private func forEachPage(_ body: ([(id: String, path: String)]) async throws -> Bool) async throws {
        var last: String?
        repeat {
            let page = try await tokens.ending(after: last)
            guard try await body(page.tokens) else { return }
            last = page.last
        } while last != nil
    }
}
