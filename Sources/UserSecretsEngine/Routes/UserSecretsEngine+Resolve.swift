import EngineKit
import Syntax

extension UserSecretsEngine {
    /// `{owner}/resolve`: gives a workflow's node the value that it works with.
    var resolve: EnginePath {
        EnginePath(
            "{owner}/resolve", "Get the value of a user's secret for a workflow.",
            details:
                "It counts as a use. Name the secret by its id, or by provider, type and label; without a label the default is "
                + "meant. A policy can restrict providers and types with allowed_parameters.",
            fields: [
                Self.ownerField, Self.idField, Field("provider", .string, "The service that the secret is for."),
                Field("secret_type", .string, "The type of the secret."),
                Field("label", .string, "The label of the secret, for one that has one."),
                Field("workflow_id", .string, "The workflow that uses it."), Field("node_id", .string, "The node of the workflow."),
                Field("execution_id", .string, "The run of the workflow."),
            ]
        )
        .updating("Get the value of the secret.", changesNothing: true, resolveSecret)
    }

    private func resolveSecret(_ request: Request) async throws -> Response {
        let records = try records(request)
        let wanted = try wanted(request.fields)
        let accessor = try accessor(request)
        let now = store.time.now()
        let loaded = try await store.find(wanted, in: records)
        func note(_ outcome: String) {
            let entry = AccessEntry(secret: loaded.secret.id, action: .use, outcome: outcome, accessor: accessor)
            journal.note(entry, of: records.owner, at: now)
        }
        let failure: ResolveFailure? =
            switch loaded.secret.status(at: now) {
            case .active: nil
            case .inactive: .inactive
            case .expired: .expired
            }
        if let failure {
            note(failure.rawValue)
            throw failure.error
        }
        // The owner is a person, whom a policy over all of the owner's paths also allows to come here.
        if loaded.secret.terms.visibility == .restricted, request.caller?.entityID == records.owner.text {
            note("restricted")
            throw UserSecretsFailure.restricted
        }
        let value: [UInt8]
        do {
            value = try await store.value(of: loaded.secret, from: records)
        } catch {
            note("failed")
            throw error
        }
        note(AccessEntry.done)
        let secret = loaded.secret
        return .data([
            "value": .string(String(decoding: value, as: UTF8.self)), "id": .string(secret.id.text),
            "version": .int(secret.version), "source": "user", "provider": .string(secret.terms.provider),
            "secret_type": .string(secret.terms.type), "label": .optional(secret.label),
            "expires_at": .time(secret.terms.expiresAt), "warning": .null,
        ])
    }

    /// Reads which secret is asked for.
    private func wanted(_ fields: Fields) throws -> SecretStore.Wanted {
        func text(_ name: String) -> String? { fields.string(name).flatMap { $0.isEmpty ? nil : $0 } }
        if let text = text("id") {
            guard !fields.has("provider"), !fields.has("secret_type"), !fields.has("label") else {
                throw CofferError.invalid("name the secret either by 'id', or by 'provider', 'secret_type' and 'label'")
            }
            guard let id = SecretID(text) else { throw ResolveFailure.notFound.error }
            return .id(id)
        }
        guard let provider = fields.string("provider"), let type = fields.string("secret_type") else {
            throw CofferError.invalid("name the secret by 'id', or by 'provider' and 'secret_type'")
        }
        return .kind(SecretPlace(provider: provider, type: type, label: text("label")))
    }

    /// Reads for what a value is used.
    func accessor(_ request: Request) throws(CofferError) -> Accessor {
        func text(_ name: String) throws(CofferError) -> String? {
            guard let text = request.fields.string(name), !text.isEmpty else { return nil }
            try TextRule(field: name, bytesMax: 256).check(text)
            return text
        }
        var accessor = request.accessor
        accessor.workflow = try text("workflow_id")
        accessor.node = try text("node_id")
        accessor.execution = try text("execution_id")
        return accessor
    }
}
