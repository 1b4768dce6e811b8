import EngineKit
import Syntax

extension KVVersion2Engine {
    var metadata: EnginePath {
        EnginePath(
            "metadata/{path...}", "Reads and changes the metadata of secrets, and lists secrets.",
            details: "Listings can be paged with `after` and `limit`, and descend with `recursive`.",
            fields: [
                KVVersion2Engine.versionsMaxField, KVVersion2Engine.checkAndSetField,
                Field(
                    "delete_version_after", .duration,
                    "How long after its writing a version is deleted; 0 for the setting of the mount."
                ),
                Field("custom_metadata", .object, "Up to 64 short strings by name, for all versions. They are not secret."),
            ] + SecretListing.fields,
            exists: exists,
            endpoints: [
                .read: endpoint("Read the metadata of a secret.", changesNothing: true, readMetadata),
                .list: endpoint("List the names of secrets and folders.", changesNothing: true, list),
                .create: endpoint("Write metadata before the first version.", writeMetadata),
                .update: endpoint("Change the metadata; fields that are not sent keep their values.", writeMetadata),
                .patch: endpoint("Change the metadata; `null` removes a key of custom_metadata.", patchMetadata),
                .delete: endpoint("Delete a secret with all its versions permanently.", deleteMetadata),
            ])
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
        let change = try MetadataChange(request.fields)
        let customMetadata = try request.fields.object("custom_metadata").map { (object) throws(CofferError) in
            try CustomMetadata.text(object)
        }
        guard !change.isEmpty || customMetadata != nil else { return .empty }
        try await secrets.edit(path) { edit in
            var head = edit.head ?? Head(created: time.now())
            change.apply(to: &head)
            if let customMetadata { head.customMetadata = customMetadata }
            edit.set(head)
        }
        return try await answer(to: change)
    }

    private func patchMetadata(_ request: Request) async throws -> Response {
        let path = try request.secretPath
        var change = try MetadataChange(request.fields)
        change.reset(nullsOf: request.body)
        let customMetadata = request.fields.object("custom_metadata")
        let isCleared = request.body["custom_metadata"]?.isNull == true
        try await secrets.edit(path) { edit in
            guard var head = edit.head else { throw CofferError.notFound }
            guard !change.isEmpty || customMetadata != nil || isCleared else { return }
            change.apply(to: &head)
            if isCleared { head.customMetadata = [] }
            if let customMetadata {
                head.customMetadata = try CustomMetadata.text(
                    head.customMetadata, patchedWith: customMetadata, key: RecordKey.head(path))
            }
            edit.set(head)
        }
        return try await answer(to: change)
    }

    private func deleteMetadata(_ request: Request) async throws -> Response {
        try await secrets.edit(try request.secretPath) { edit in edit.remove() }
        return .empty
    }

    private func answer(to change: MetadataChange) async throws -> Response {
        guard change.needsCheckAndSet == false, try await secrets.settings().needsCheckAndSet else { return .empty }
        return Response(
            .none,
            warnings: ["\"cas_required\" set to false, but is mandated by backend config. This value will be ignored."])
    }
}

/// The settings of a secret that a caller sent; nil for those that were not sent.
struct MetadataChange {
    var versionsMax: Int?
    var needsCheckAndSet: Bool?
    var deleteAfter: Int?

    init(_ fields: Fields) throws(CofferError) {
        versionsMax = try KVVersion2Engine.versionsMax(fields)
        needsCheckAndSet = fields.bool("cas_required")
        deleteAfter = fields.duration("delete_version_after")
    }

    var isEmpty: Bool { versionsMax == nil && needsCheckAndSet == nil && deleteAfter == nil }

    /// Sets what is `null` in a merge patch to its default.
    mutating func reset(nullsOf body: JSONObject) {
        if body["max_versions"]?.isNull == true { versionsMax = 0 }
        if body["cas_required"]?.isNull == true { needsCheckAndSet = false }
        if body["delete_version_after"]?.isNull == true { deleteAfter = 0 }
    }

    /// Changes the settings of a secret.
    func apply(to head: inout Head) {
        if let versionsMax { head.versionsMax = versionsMax }
        if let needsCheckAndSet { head.needsCheckAndSet = needsCheckAndSet }
        if let deleteAfter { head.deleteAfter = deleteAfter }
    }
}
