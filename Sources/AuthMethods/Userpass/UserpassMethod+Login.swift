package import EngineKit
import LoginGuards
import Records

extension UserpassMethod {
    var login: EnginePath {
        EnginePath(
            "login/{username}", "Log in with a password.", fields: [Self.nameField, Self.passwordField],
            access: .unauthenticated, isLogin: true
        )
        .updating("Log in.") { try await logIn($0) }
    }

    /// The answer to every login that fails: the same text after the same work for an unknown user and a wrong password.
    private static let refusal = CofferError.invalid("invalid username or password")

    private func logIn(_ request: Request) async throws -> Response {
        let password = request.fields.text("password")
        guard !password.isEmpty else { throw CofferError.invalid("missing password") }
        guard let name = Self.userName(request.captures["username"]) else {
            _ = try await passwords.check(password, nil)
            throw Self.refusal
        }
        let user = try await attempts.run(name) { try await check(name, password, from: request.connection.remoteAddress) }
        if !passwords.isCurrent(user.password) { try await strengthen(user, password) }
        return Response(.none, auth: .grant(grant(user, displayName: request.displayName(name))))
    }

    private func grant(_ user: User, displayName: String) -> AuthGrant {
        var grant = user.tokens.grant(displayName: displayName, metadata: ["username": user.name], aliasName: user.name)
        if !user.uid.isEmpty { grant.facts = [Self.uidFact: user.uid] }
        return grant
    }

    private static let uidFact = "uid"

    /// Returns what the user of an earlier login is granted today.
    ///
    /// - Throws: A refusal if the user was deleted, or if a later user has the same name.
    package func renewal(of login: HeldLogin) async throws -> AuthGrant {
        let name = login.metadata["username"] ?? ""
        guard !name.isEmpty, let user = try await users.find(name)?.value,
            login.facts[Self.uidFact].map({ $0 == user.uid }) != false
        else { throw CofferError.invalid("user \"\(name)\" does not exist during renewal") }
        return grant(user, displayName: "")
    }

    private func check(_ name: String, _ password: String, from address: String) async throws -> User {
        let user = try await users.find(name)?.value
        let isRight = try await passwords.check(password, user?.password)
        guard let user, isRight, user.tokens.bounds.allows(address) else {
            try await lockouts.fail(name, isAccount: user != nil)
            throw Self.refusal
        }
        try await lockouts.forget(name)
        return user
    }

    /// Replaces a hash that has a lower cost than new ones, unless the password has changed in the meantime.
    private func strengthen(_ user: User, _ password: String) async throws {
        let hash = try await passwords.make(password)
        try await users.edit(user.name) { current, _ in
            if current?.password == user.password { current?.password = hash }
        }
    }
}
