import Outbound
import Syntax

/// A user of GitHub, and the user's teams in one organization.
struct GitHubUser: Sendable, Hashable {
    var name: String
    var id: Int
    /// Names of teams and their forms in URLs.
    var teams: [String] = []
}

/// Why GitHub did not say who somebody is.
enum GitHubError: Error, Hashable, Sendable {
    /// The token is not valid, or its user is not in the organization.
    case refused(reason: String)
    /// GitHub cannot be asked, or answers what it never should. The reason is for the log.
    case unavailable(reason: String)
}

/// Asks the API of GitHub (version 2022-11-28).
struct GitHubAPI: Sendable {
    let outbound: any Outbound
    let target: OutboundTarget

    private static let pageSize = 100
    private static let pagesMax = 20

    /// Returns the number of an organization, which anybody may ask.
    func organizationID(of name: String) async throws(GitHubError) -> Int {
        let answer = try await get("orgs/\(name)", token: nil)
        guard let id = answer["id"]?.intValue, id > 0 else { throw Self.strange }
        return id
    }

    /// Returns whose token it is.
    ///
    /// - Throws: ``GitHubError/refused(reason:)`` if the token is not valid, or its user is not in the organization.
    func user(withToken token: String, inOrganization organization: Int) async throws(GitHubError) -> GitHubUser {
        let answer = try await get("user", token: token)
        guard let name = answer["login"]?.stringValue, let id = answer["id"]?.intValue, id > 0, Self.isName(name) else {
            throw Self.strange
        }
        var user = GitHubUser(name: name, id: id)
        let isMember = try await list("user/orgs", token: token).contains { $0["id"]?.intValue == organization }
        guard isMember else { throw .refused(reason: "the user is not a member of the organization") }
        var teams: Set<String> = []
        for team in try await list("user/teams", token: token)
        where team["organization"]?["id"]?.intValue == organization {
            for member in ["name", "slug"] { if let text = team[member]?.stringValue, !text.isEmpty { teams.insert(text) } }
        }
        user.teams = teams.sorted()
        return user
    }

    private static func isName(_ text: String) -> Bool {
        (1...100).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0.isASCIILetterOrDigit || "-_".utf8.contains($0) }
    }

    private static var strange: GitHubError { .unavailable(reason: "the answer is not that of the GitHub API") }

    /// Returns all pages of a list.
    private func list(_ path: String, token: String) async throws(GitHubError) -> [JSON] {
        var found: [JSON] = []
        for page in 1...Self.pagesMax {
            guard let items = try await get("\(path)?per_page=\(Self.pageSize)&page=\(page)", token: token).arrayValue else {
                throw Self.strange
            }
            found += items
            if items.count < Self.pageSize { return found }
        }
        throw .unavailable(reason: "a list has more than \(Self.pageSize * Self.pagesMax) entries")
    }

    private func get(_ path: String, token: String?) async throws(GitHubError) -> JSON {
        var headers = [(name: "accept", value: "application/vnd.github+json"), (name: "x-github-api-version", value: "2022-11-28")]
        if let token { headers.append((name: "authorization", value: "Bearer \(token)")) }
        let reply: OutboundReply
        do throws(OutboundError) { reply = try await outbound.send(target.get(path, headers: headers)) } catch {
            throw .unavailable(reason: error.text)
        }
        switch reply.status {
        case 200: break
        case 401, 403, 404: throw .refused(reason: "the answer has status \(reply.status)")
        default: throw .unavailable(reason: "the answer has status \(reply.status)")
        }
        guard let json = try? JSON(parsing: reply.body) else { throw Self.strange }
        return json
    }
}
