import EngineKit
import Identity
import Records
import Syntax

extension IdentityTokens {
    /// The paths `oidc/key` and `oidc/key/…`.
    var keyPaths: [EnginePath] {
        [
            EnginePath("oidc/key", "The named keys.", fields: Paging.fields)
                .listing("List the named keys.", changesNothing: false) { request in
                    // The default key is among them from the beginning.
                    _ = try await keys.find(NamedKeys.defaultName)
                    return try .keys(try await keys.table.names(Paging(request.fields)))
                },
            EnginePath(
                "oidc/key/{name}/rotate", "Replace the key that signs.",
                fields: [
                    Self.nameField,
                    Field(
                        "verification_ttl", .duration,
                        "How long tokens of the replaced key can be verified; by default what the named key says, and not at all with 0."
                    ),
                ]
            )
            .updatingWithoutAnswer("Rotate a named key.") { request in
                try await keys.rotate(
                    try ObjectName.of(request), verificationTTL: request.fields.duration("verification_ttl"))
            },
            EnginePath(
                "oidc/key/{name}", "A named key, which signs tokens and is rotated.",
                fields: [Self.nameField] + KeySettings.settings.fields
            )
            .reading("Read a named key, without its private part.", changesNothing: false) { request in
                guard let key = try await keys.find(try ObjectName.of(request)) else { throw CofferError.notFound }
                return .data(key.settings.shown)
            }
            .updatingWithoutAnswer("Create or change a named key.", writeKey)
            .deleting("Delete a named key.", deleteKey),
        ]
    }

    private func writeKey(_ request: Request) async throws {
        let name = try ObjectName.of(request)
        // A key that cannot be read is replaced: nobody can sign or verify with it.
        let isDamaged = try await keys.table.findUnlessDamaged(name).isDamaged
        let known = isDamaged ? nil : try await keys.find(name)
        var settings = known?.settings ?? KeySettings()
        try settings.update(request.fields)
        // Keys are made first, because the change below may be decided more than once.
        let made = known?.settings.algorithm == settings.algorithm ? nil : try await keys.make(settings)
        try await change { batch in
            let (found, isDamaged) = try await keys.table.findUnlessDamaged(name)
            guard found != nil || known == nil else { throw Self.keyChanged }
            var key: NamedKey
            if var changed = found?.value {
                try changed.settings.update(request.fields)
                try await check(verificationTTL: changed.settings.verificationTTL, ofKey: name)
                if changed.settings.algorithm != found?.value.settings.algorithm {
                    guard let made, made.settings.algorithm == changed.settings.algorithm else { throw Self.keyChanged }
                    let ttl = changed.settings.verificationTTL
                    try changed.rotate(to: made.current, at: time.now().seconds, verificationTTL: ttl)
                    // The one that was to follow has the old algorithm, and was published only.
                    (changed.current, changed.next) = (made.current, made.next)
                }
                key = changed
            } else {
                guard let made else { throw Self.keyChanged }
                if isDamaged {
                    try await check(verificationTTL: made.settings.verificationTTL, ofKey: name)
                } else {
                    try await checkRoom(for: "named keys", in: keys.table, max: NamedKeys.namesMax)
                }
                key = made
            }
            keys.table.put(name, key, if: found?.unchanged ?? (isDamaged ? .none : .absent), into: &batch)
        }
    }

    private static let keyChanged = CofferError(.conflict, "the key was changed at the same time; try again")

    private func deleteKey(_ request: Request) async throws {
        let name = try ObjectName.of(request)
        guard name != NamedKeys.defaultName else { throw CofferError.invalid("deletion of key \"default\" not allowed") }
        try await delete(name, from: keys.table, as: .key(name))
    }

    /// Throws if tokens of a role or client of the key would live longer than they can be verified.
    private func check(verificationTTL: Int, ofKey name: String) async throws {
        for user in try await users(of: .key(name)) {
            guard let ttl = try await lifetime(ofTokensFor: user), ttl > verificationTTL else { continue }
            throw CofferError.invalid(
                "unable to update key \"\(name)\": \(user.description) has tokens that live for \(ttl) seconds, longer than "
                    + "verification_ttl")
        }
    }

    /// Returns warnings about a key that a role or client refers to: that it signs nothing for a client id that it does not list.
    ///
    /// - Throws: `.invalidRequest` if there is no such key, or tokens would live longer than they can be verified with it.
    func checkKey(_ name: String, clientID: String, lifetime: Int, of kind: String) async throws -> [String] {
        guard let key = try await keys.find(name) else {
            throw CofferError.invalid(ObjectName.isValid(name) ? "cannot find key \"\(name)\"" : "cannot find the key")
        }
        guard lifetime <= key.settings.verificationTTL else {
            throw CofferError.invalid(
                "a \(kind) cannot be longer than the verification_ttl of the key it references, which is "
                    + "\(key.settings.verificationTTL) seconds")
        }
        guard !key.settings.allows(clientID: clientID) else { return [] }
        return [
            "The key \"\(name)\" signs nothing for this client id until the key's allowed_client_ids list it."
        ]
    }
}
