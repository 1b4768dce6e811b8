import EngineKit
import Records
import Syntax

extension UserpassMethod {
    var userPaths: [EnginePath] {
        [
            EnginePath(
                "users", "The users.", fields: Paging.fields,
                endpoints: [.list: .init("List users.") { try .keys(try await users.names(Paging($0.fields))) }]),
            EnginePath(
                "users/{username}", "One user.",
                fields: [Self.nameField, Self.passwordField] + User.settings.fields,
                exists: { try await user($0) != nil },
                endpoints: [
                    .read: .init("Read a user, without the password.") { request in
                        guard let user = try await user(request) else { throw CofferError.notFound }
                        return .data(user.shown)
                    },
                    .update: .init("Create or change a user.", writeUser),
                    .delete: .init("Delete a user.") { request in
                        guard let name = AccountName(request.captures["username"], allowsAt: true) else { return .empty }
                        try await users.edit(name.text) { user, _ in user = nil }
                        return .empty
                    },
                ]),
        ]
    }

    /// The path for changing a password. It is separate, so that a policy can allow users to change their own:
    /// `auth/userpass/users/bob/password`.
    var password: EnginePath {
        EnginePath(
            "users/{username}/password", "The password of a user.", fields: [Self.nameField, Self.passwordField],
            endpoints: [
                .update: .init("Change the password.") { request in
                    let name = try name(request)
                    guard try await users.find(name) != nil else { throw Self.unknownUser }
                    let hash = try await passwords.make(request.fields.text("password"))
                    try await users.edit(name) { user, _ in
                        guard user != nil else { throw Self.unknownUser }
                        user?.password = hash
                    }
                    return .empty
                }
            ])
    }

    var policies: EnginePath {
        EnginePath(
            "users/{username}/policies", "The policies of a user.",
            fields: [Self.nameField] + User.settings.fields("token_policies", "policies"),
            endpoints: [
                .update: .init("Set the policies.") { request in
                    guard User.settings.areSent(in: request.fields) else {
                        throw CofferError.invalid("missing token_policies")
                    }
                    try await users.edit(try name(request)) { user, _ in
                        guard var changed = user else { throw Self.unknownUser }
                        try changed.update(request.fields)
                        user = changed
                    }
                    return .empty
                }
            ])
    }

    private static let unknownUser = CofferError.invalid("username does not exist")

    private func writeUser(_ request: Request) async throws -> Response {
        let name = try name(request)
        // Everything else is checked before the costly hash.
        var tokens = try await users.find(name)?.value.tokens ?? TokenFields()
        try tokens.update(request.fields)
        var hash: PasswordHash?
        if let password = request.fields.string("password") { hash = try await passwords.make(password) }
        var warnings: [String] = []
        try await users.edit(name) { user, _ in
            guard let password = hash ?? user?.password else { throw CofferError.invalid("missing password") }
            var changed = user ?? User(name: name, uid: Hex.encode(passwords.randomness.bytes(16)), password: password)
            changed.password = password
            try changed.update(request.fields)
            warnings = changed.tokens.warnings(mountMax: maxTTL)
            user = changed
        }
        return Response(.none, warnings: warnings)
    }
}
