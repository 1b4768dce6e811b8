import EngineKit
import Records
import Syntax

extension UserpassMethod {
    private var named: NamedRecords<User> {
        NamedRecords(
            table: users, folder: "users", name: Self.nameField, rule: AccountName.ruleWithAt, key: { Self.userName($0) })
    }

    var userPaths: [EnginePath] {
        [
            named.list("The users.", "List users."),
            named.record("One user.", fields: [Self.passwordField] + User.settings.fields)
                .reading("Read a user, without the password.") { .data(try await named.existing($0).shown) }
                .updating("Create or change a user.") { try await writeUser($0) }
                .deleting("Delete a user.") { try await named.delete($0) },
        ]
    }

    /// The path for changing a password. It is separate, so that a policy can allow users to change their own:
    /// `auth/userpass/users/bob/password`.
    var password: EnginePath {
        named.part("password", "The password of a user.", fields: [Self.passwordField])
            .updatingWithoutAnswer("Change the password.") { request in
                let name = try await named.name(of: request)
                guard try await users.find(name) != nil else { throw Self.unknownUser }
                let hash = try await passwords.make(request.fields.text("password"))
                try await users.edit(name) { user, _ in
                    guard user != nil else { throw Self.unknownUser }
                    user?.password = hash
                }
            }
    }

    var policies: EnginePath {
        named.part("policies", "The policies of a user.", fields: User.settings.fields("token_policies", "policies"))
            .updatingWithoutAnswer("Set the policies.") { request in
                guard User.settings.areSent(in: request.fields) else {
                    throw CofferError.invalid("missing token_policies")
                }
                try await users.update(try await named.name(of: request), request.fields, new: { throw Self.unknownUser })
            }
    }

    private static let unknownUser = CofferError.invalid("username does not exist")

    private func writeUser(_ request: Request) async throws -> Response {
        let name = try await named.name(of: request)
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
            warnings = changed.tokens.warnings(mountMax: context.maxTTL)
            user = changed
        }
        return Response(.none, warnings: warnings)
    }
}
