import EngineKit
import Syntax

extension UserSecretsEngine {
    /// `{owner}/secrets`: lists and stores secrets.
    var secrets: EnginePath {
        EnginePath(
            "{owner}/secrets", "List and store a user's secrets.",
            details:
                "A secret without a label is the only one of its provider and type: storing another replaces it and keeps its id. "
                + "Lists begin with the newest secret and never have values.",
            fields: [Self.ownerField] + SecretQuery.fields.filter { !["provider", "secret_type", "is_active"].contains($0.name) }
                + Self.changeFields + [
                    Field("provider", .string, "The service that the secret is for, such as openai."),
                    Field(
                        "secret_type", .string,
                        "What it is: api_key, oauth_token, webhook_secret, connection_string, password, other or any text."),
                    Field("label", .string, "Tells secrets of the same provider and type apart."),
                ]
        )
        .reading("List secrets, without their values.", listSecrets)
        .listing("List secrets, without their values.", listSecrets)
        .updating("Store a secret.", storeSecret)
    }

    /// `{owner}/secrets/{id}`: shows, changes and deletes a secret.
    var secret: EnginePath {
        EnginePath(
            "{owner}/secrets/{id}", "Show, change or delete a secret.",
            details: "What is not sent stays as it is. The provider, the type and the label never change.",
            fields: [Self.ownerField, Self.idField] + Self.changeFields
        )
        .reading("Show a secret, without its value.", readSecret)
        .updating("Change a secret.", changeSecret)
        .patching("Change a secret.", changeSecret)
        .deleting("Delete a secret.", deleteSecret)
    }

    /// `{owner}/secrets/{id}/reveal`: answers the value.
    var reveal: EnginePath {
        EnginePath(
            "{owner}/secrets/{id}/reveal", "Reveal the value of a secret to a person.",
            details: "It does not count as a use. The value of a restricted secret is never revealed.",
            fields: [
                Self.ownerField, Self.idField,
                Field(
                    "reason", .string, default: "show", oneOf: ["show", "copy", "export"],
                    "What the value is revealed for: show, copy or export."),
            ]
        )
        .updating("Reveal the value.", revealSecret)
    }

    private func listSecrets(_ request: Request) async throws -> Response {
        let records = try records(request)
        let query = try SecretQuery(request.fields)
        let index = try await store.indexes.index(of: records)
        let now = store.time.now()
        let (page, total, next) = query.page(of: index, at: now)
        var data: JSONObject = [
            "secrets": .array(
                page.map { entry in
                    .object(
                        SecretAnswer(
                            secret: entry.secret, usage: entry.usage, isDefault: index.isDefault(entry.secret),
                            owner: records.owner, now: now
                        ).shown)
                }),
            "total": .int(total), "next": .optional(next?.text),
        ]
        if request.operation == .list { data["keys"] = .strings(page.map(\.secret.id.text)) }
        return .data(data)
    }

    private func storeSecret(_ request: Request) async throws -> Response {
        let records = try records(request)
        var texts: [String: String] = [:]
        for name in ["name", "provider", "secret_type", "value"] {
            guard let text = request.fields.string(name) else { throw CofferError.invalid("missing field '\(name)'") }
            texts[name] = text
        }
        let place = SecretPlace(
            provider: texts["provider", default: ""], type: texts["secret_type", default: ""],
            label: request.fields.string("label").flatMap { $0.isEmpty ? nil : $0 })
        try TextRule.provider.check(place.provider)
        try TextRule.type.check(place.type)
        if let label = place.label { try TextRule.label.check(label) }
        let change = try change(request.fields)
        let (loaded, isNew) = try await store.put(change, at: place, in: records, by: request.accessor)
        var data = try await answer(loaded, from: records)
        data["created"] = .bool(isNew)
        return .data(data)
    }

    private func readSecret(_ request: Request) async throws -> Response {
        let records = try records(request)
        guard let loaded = try await store.load(try id(request), from: records) else { throw CofferError.notFound }
        let entry = AccessEntry(secret: loaded.secret.id, action: .read, accessor: request.accessor)
        journal.note(entry, of: records.owner, at: store.time.now())
        return .data(try await answer(loaded, from: records))
    }

    private func changeSecret(_ request: Request) async throws -> Response {
        let records = try records(request)
        let change = try change(request.fields)
        guard let loaded = try await store.edit(try id(request), change, in: records, by: request.accessor) else {
            throw CofferError.notFound
        }
        return .data(try await answer(loaded, from: records))
    }

    private func deleteSecret(_ request: Request) async throws {
        guard try await store.delete(try id(request), in: try records(request), by: request.accessor) else {
            throw CofferError.notFound
        }
    }

    private func revealSecret(_ request: Request) async throws -> Response {
        let records = try records(request)
        guard let loaded = try await store.load(try id(request), from: records) else { throw CofferError.notFound }
        let isRestricted = loaded.secret.terms.visibility == .restricted
        // The owner's log has the reveal before the value leaves, as the audit log does.
        try await store.record(
            .reveal, loaded.secret.id, outcome: isRestricted ? "restricted" : AccessEntry.done, in: records,
            by: request.accessor)
        guard !isRestricted else { throw UserSecretsFailure.restricted }
        let value = try await store.value(of: loaded.secret, from: records)
        return .data([
            "id": .string(loaded.secret.id.text), "value": .string(String(decoding: value, as: UTF8.self)),
            "version": .int(loaded.secret.version),
        ])
    }
}
