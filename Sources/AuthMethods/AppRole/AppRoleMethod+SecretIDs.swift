import EngineKit
import Records
import Syntax

extension AppRoleMethod {
    static let secretIDField = Field("secret_id", .string, "The secret id.")
    static let accessorField = Field("secret_id_accessor", .string, "Accessor of the secret id.")
    private static let secretIDBytesMax = 1_024
    private static let tidyMax = 10_000
    /// The number of expired secret ids that are removed when one is created, so that they do not accumulate.
    private static let sweptMax = 4

    var secretIDPaths: [EnginePath] {
        [
            named.part("secret-id", "Secret ids of a role.", fields: SecretIDTerms.fields + Paging.fields)
                .listing("List the accessors of the role's secret ids.") { try await listAccessors($0) }
                .updating("Create a random secret id.") { try await make($0, Hex.encode(context.randomness.bytes(32))) },
            named.part(
                "custom-secret-id", "Secret ids that callers choose.", fields: [Self.secretIDField] + SecretIDTerms.fields
            )
            .updating("Register a chosen secret id.") { try await makeCustom($0) },
            named.part("secret-id/lookup", "Look a secret id up.", fields: [Self.secretIDField])
                .updating("Read the properties of a secret id.") { request in
                    let found = try await found(request)
                    return found.map { .data($0.secret.shown) } ?? .empty
                },
            named.part("secret-id/destroy", "Destroy a secret id.", fields: [Self.secretIDField])
                .updatingWithoutAnswer("Destroy a secret id.") { try await destroy($0) }
                .deleting("Destroy a secret id.") { try await destroy($0) },
            named.part(
                "secret-id-accessor/lookup", "Look a secret id up by its accessor.", fields: [Self.accessorField]
            )
            .updating("Read the properties of a secret id.") { .data(try await foundByAccessor($0).secret.shown) },
            named.part(
                "secret-id-accessor/destroy", "Destroy a secret id by its accessor.", fields: [Self.accessorField]
            )
            .updatingWithoutAnswer("Destroy a secret id.") { try await destroyByAccessor($0) }
            .deleting("Destroy a secret id.") { try await destroyByAccessor($0) },
        ]
    }

    var tidy: EnginePath {
        EnginePath("tidy/secret-id", "Removes the records of expired secret ids and deleted roles.")
            .updating("Remove them now.") { _ in
                let count = try await secretIDs.tidy(limit: Self.tidyMax)
                let more = count == Self.tidyMax ? "; there is more, run it again" : ""
                return Response(
                    .data(.object([:])), status: 202,
                    warnings: ["Tidy operation has finished; \(count) expired secret ids were removed\(more)."])
            }
    }

    // MARK: Making

    private func makeCustom(_ request: Request) async throws -> Response {
        guard let text = request.fields.string("secret_id"), !text.isEmpty else { throw CofferError.invalid("missing secret_id") }
        guard text.utf8.count <= Self.secretIDBytesMax else {
            throw CofferError.invalid("field 'secret_id' may have \(Self.secretIDBytesMax) bytes at most")
        }
        return try await make(request, text)
    }

    private func make(_ request: Request, _ text: String) async throws -> Response {
        let (secret, warnings) = try await context.storage.transact { batch in
            // Each attempt reads the role again, because a change to it may change what is allowed.
            let (role, version) = try await existingRole(request)
            guard role.bindsSecretID else { throw CofferError.invalid("bind_secret_id is not set on the role") }
            var terms = try SecretIDTerms(request.fields, role: role, mountMax: context.maxTTL)
            if let end = request.narrowing?.endsAt { try terms.cut(to: end, at: context.time.now()) }
            let made = try await secretIDs.make(text, terms: terms, role: role, roleVersion: version, in: &batch)
            guard let made else { throw CofferError.invalid("SecretID is already registered") }
            return (made, terms.warnings)
        }
        // A failure is ignored: the next request removes what is left.
        _ = try? await secretIDs.tidy(limit: Self.sweptMax)
        var response = Response.data([
            "secret_id": .string(text), "secret_id_accessor": .string(secret.accessor),
            "secret_id_num_uses": .int(secret.usesLeft), "secret_id_ttl": .int(secret.ttl),
        ])
        response.warnings = warnings
        return response
    }

    // MARK: Looking up and destroying

    private func listAccessors(_ request: Request) async throws -> Response {
        // As in the Vault API, listing the secret ids of a role that does not exist is a 400; other operations answer 404.
        let name = try await named.name(of: request)
        guard let role = try await roles.find(name)?.value else {
            throw CofferError.invalid("role \"\(name)\" does not exist")
        }
        return try .keys(try await secretIDs.accessors(of: role.uid, Paging(request.fields)))
    }

    private func found(_ request: Request) async throws -> SecretIDs.Found? {
        guard let text = request.fields.string("secret_id"), !text.isEmpty else { throw CofferError.invalid("missing secret_id") }
        let (role, _) = try await existingRole(request)
        return try await secretIDs.find(text, roleUID: role.uid)
    }

    private func foundByAccessor(_ request: Request) async throws -> SecretIDs.Found {
        guard let accessor = request.fields.string("secret_id_accessor"), !accessor.isEmpty else {
            throw CofferError.invalid("missing secret_id_accessor")
        }
        let (role, _) = try await existingRole(request)
        guard let found = try await secretIDs.find(accessor: accessor, roleUID: role.uid) else {
            throw CofferError(.notFound, "failed to find accessor entry for secret_id_accessor")
        }
        return found
    }

    private func destroy(_ request: Request) async throws {
        // A secret id that does not exist counts as destroyed.
        if let found = try await found(request) { try await secretIDs.destroy(found) }
    }

    private func destroyByAccessor(_ request: Request) async throws {
        try await secretIDs.destroy(try await foundByAccessor(request))
    }
}
