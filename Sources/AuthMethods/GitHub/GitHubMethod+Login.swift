package import EngineKit
import Logging
import Records
import Syntax

extension GitHubMethod {
    var login: EnginePath {
        EnginePath(
            "login", "Log in with a personal access token of GitHub.",
            fields: [Field("token", .string, "A token that may read the user's organizations (scope read:org).")],
            access: .unauthenticated, isLogin: true
        )
        .updating("Log in.") { try await logIn($0) }
    }

    private static let refusal = CofferError.invalid(
        "GitHub does not accept the token, or its user is not a member of the required organization")
    private static let notConfigured = CofferError.invalid("configuration has not been set")
    private static let tokenFact = "token"
    private static let userFact = "user_id"
    /// The server that the token was sent to.
    private static let serverFact = "base_url"

    /// Whether the text can be a token: one word of letters, digits and marks that a header can hold.
    private static func isToken(_ text: String) -> Bool {
        (1...1_024).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    private func logIn(_ request: Request) async throws -> Response {
        let token = request.fields.text("token")
        guard let settings = try await settings() else { throw Self.notConfigured }
        guard Self.isToken(token), settings.tokens.bounds.allows(request.connection.remoteAddress) else { throw Self.refusal }
        let user = try await find(token, settings)
        return Response(
            .none, auth: .grant(try await grant(user, token, settings: settings, displayName: request.displayName(user.name))))
    }

    private func find(_ token: String, _ settings: GitHubConfiguration) async throws(CofferError) -> GitHubUser {
        do throws(GitHubError) {
            return try await api(settings).user(withToken: token, inOrganization: settings.organizationID)
        } catch {
            switch error {
            case .refused(let reason):
                troubles.warn("a GitHub login was refused", reason: reason)
                throw Self.refusal
            case .unavailable(let reason):
                troubles.warn("a GitHub login could not be decided", reason: reason)
                throw CofferError(.unavailable, "GitHub cannot be asked now; the server's log has the reason")
            }
        }
    }

    private func grant(
        _ user: GitHubUser, _ token: String, settings: GitHubConfiguration, displayName: String
    ) async throws -> AuthGrant {
        var policies = Set(settings.tokens.policies)
        for team in Set((user.teams + ["default"]).compactMap(Self.storedName)) {
            policies.formUnion(try await teams.find(team)?.value.policies ?? [])
        }
        for name in Set([user.name, "default"].compactMap(Self.storedName)) {
            policies.formUnion(try await users.find(name)?.value.policies ?? [])
        }
        var grant = settings.tokens.grant(
            displayName: displayName, metadata: ["username": user.name, "org": settings.organization], aliasName: user.name,
            policies: policies.sorted())
        grant.aliasMetadata = ["github_id": String(user.id)]
        // Identity compares names of aliases in lower case.
        grant.groupAliases = Set(user.teams.compactMap(Self.storedName)).sorted()
        grant.facts = [
            Self.tokenFact: token, Self.userFact: String(user.id), Self.serverFact: settings.baseURL,
        ]
        return grant
    }

    /// Returns what the user of an earlier login is granted today, as GitHub says when it is asked again with the same token.
    ///
    /// - Throws: A refusal if the token was revoked, the user has left the organization, or the name is another user's now, and if
    ///   the mount asks another server than at the login, which the token was not meant for.
    package func renewal(of login: HeldLogin) async throws -> AuthGrant {
        guard let settings = try await settings() else { throw Self.notConfigured }
        guard let token = login.facts[Self.tokenFact], Self.isToken(token) else {
            throw CofferError.invalid("the login has no token of GitHub, not renewing")
        }
        guard let server = login.facts[Self.serverFact], server.equalsUTF8(settings.baseURL) else {
            throw CofferError.invalid("'base_url' has changed since the login, not renewing; log in again")
        }
        let user = try await find(token, settings)
        guard login.facts[Self.userFact] == String(user.id),
            Self.storedName(login.metadata["username"] ?? "") == Self.storedName(user.name)
        else {
            throw CofferError.invalid("the token is of another user now, not renewing")
        }
        return try await grant(user, token, settings: settings, displayName: "")
    }
}
