import EngineKit
import Records
import Syntax

extension KVVersion2Engine {
    var metadata: EnginePath {
        EnginePath(
            "metadata/{path...}", "Reads and changes the metadata of secrets, and lists secrets.",
            details: "Listings can be paged with `after` and `limit`, and descend with `recursive`.",
            fields: Head.settings.fields + [
                Field("custom_metadata", .object, "Up to 64 short strings by name, for all versions. They are not secret.")
            ] + SecretListing.fields,
            exists: exists
        )
        .reading("Read the metadata of a secret.", readMetadata)
        .listing("List the names of secrets and folders.", list)
        .creating("Write metadata before the first version.", writeMetadata)
        .updating("Change the metadata; fields that are not sent keep their values.", writeMetadata)
        .patching("Change the metadata; `null` removes a key of custom_metadata.", patchMetadata)
        .deleting("Delete a secret with all its versions permanently.") { request in
            try await secrets.edit(try request.secretPath) { $0.remove() }
        }
    }

    private func list(_ request: Request) async throws -> Response {
        let listing = SecretListing(storage: secrets.storage, prefix: RecordKey.heads, policyPrefix: "metadata/")
        return try await listing.answer(request, fields: request.fields)
    }

    private func readMetadata(_ request: Request) async throws -> Response {
        guard let head = try await secrets.head(try request.secretPath) else { throw CofferError.notFound }
        return Response(.data(MetadataAnswer(head: head).data))
    }

    private func writeMetadata(_ request: Request) async throws -> Response {
        let path = try request.secretPath
        let customMetadata = try request.fields.object("custom_metadata").map { (object) throws(CofferError) in
            try CustomMetadata.text(object)
        }
        guard Head.settings.areSent(in: request.fields) || customMetadata != nil else { return .empty }
        try await secrets.edit(path) { edit in
            var head = edit.head ?? Head(created: time.now())
            try head.update(request.fields)
            if let customMetadata { head.customMetadata = customMetadata }
            edit.set(head)
        }
        return try await answer(sent: request.fields.bool("cas_required"))
    }

    private func patchMetadata(_ request: Request) async throws -> Response {
        let path = try request.secretPath
        let customMetadata = request.fields.object("custom_metadata")
        let isCleared = request.body["custom_metadata"]?.isNull == true
        let isChanged = Head.settings.areSent(in: request.fields) || Head.settings.areReset(byNullsOf: request.body)
        try await secrets.edit(path) { edit in
            guard var head = edit.head else { throw CofferError.notFound }
            guard isChanged || customMetadata != nil || isCleared else { return }
            try head.update(request.fields)
            Head.settings.reset(&head, nullsOf: request.body)
            if isCleared { head.customMetadata = [] }
            if let customMetadata {
                head.customMetadata = try CustomMetadata.text(
                    head.customMetadata, patchedWith: customMetadata, key: RecordKey.head(path))
            }
            edit.set(head)
        }
        let isOff = request.body["cas_required"]?.isNull == true
        return try await answer(sent: isOff ? false : request.fields.bool("cas_required"))
    }

    /// Warns when the setting that was sent has no effect.
    private func answer(sent needsCheckAndSet: Bool?) async throws -> Response {
        guard needsCheckAndSet == false, try await secrets.settings().needsCheckAndSet else { return .empty }
        return Response(
            .none,
            warnings: ["\"cas_required\" set to false, but is mandated by backend config. This value will be ignored."])
    }
}
