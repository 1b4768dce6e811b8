import EngineKit
import Lifetimes
import Syntax

/// Tokens that end are leases too: `auth/userpass/login/bob/h…`, the path they were made at, then `h` and their id.
///
/// They have no records but their own, so what is asked of many reads the index of their ends, keys alone.
extension LeaseService {
    /// Tokens revoked at the same time.
    private static let widthMax = 16

    /// nil for the id of another lease, and for a token that is gone or has no end.
    func token(ofLease id: String) async throws -> TokenEntry? {
        guard id.hasUTF8Prefix("auth/"), let (path, name) = id.cutUTF8(atLast: "/") else { return nil }
        guard name.utf8.count == 65, let tokenID = name.removingUTF8Prefix("h") else { return nil }
        guard let entry = try await tokens.entry(id: String(tokenID)), entry.path.equalsUTF8(path) else { return nil }
        return entry.expiresAt == nil ? nil : entry
    }

    /// `prefix` ends with `/`. Nothing to do for paths where no token is made.
    func revokeTokens(below prefix: String) async throws {
        guard prefix.hasUTF8Prefix("auth/") else { return }
        try await forEachPage { page in
            let below = page.filter { ($0.path + "/").hasUTF8Prefix(prefix) }
            let results = await concurrently(below, width: Self.widthMax) { [tokens] in try await tokens.revokeTree(id: $0.id) }
            for result in results { try result.get() }
            return true
        }
    }

    /// Children of a folder in the tree of the ids, at most `limit`, in byte order. `prefix` ends with `/` or is empty.
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
            // Below the root there is one folder.
            return !prefix.isEmpty || names.isEmpty
        }
        return Self.first(limit, names)
    }

    private static func first(_ limit: Int, _ names: Set<String>) -> [String] {
        Array(names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(limit))
    }

    /// Until `body` says false.
    private func forEachPage(_ body: ([(id: String, path: String)]) async throws -> Bool) async throws {
        var last: String?
        repeat {
            let page = try await tokens.ending(after: last)
            guard try await body(page.tokens) else { return }
            last = page.last
        } while last != nil
    }
}
