package import EngineKit
import Syntax

/// Secrets as they were sent, without history.
package struct KVVersion1Engine: SecretsEngine {
    package let paths: [EnginePath]

    /// Vault's own default lease, 32 days: when to come back for a secret that says nothing itself.
    static let leaseDefault = 2_764_800

    package init(_ context: MountContext) {
        let lease = context.defaultTTL > 0 ? context.defaultTTL : Self.leaseDefault
        let routes = PlainRoutes(storage: context.storage, leaseDefault: lease)
        paths = [routes.secrets]
    }
}

struct PlainRoutes: Sendable {
    let storage: any Storage
    /// Seconds.
    let leaseDefault: Int

    var secrets: EnginePath {
        EnginePath(
            "{path...}", "Secrets, stored as they are sent.",
            details: """
                A secret's own `ttl` (or `lease`) says how long readers may use it before they ask again. Listings can be \
                paged with `after` and `limit`, and descend with `recursive`.
                """,
            // Of any kind, because a secret may have members of these names.
            fields: SecretListing.fields.map { Field($0.name, .any, query: true, $0.details) },
            isOpen: true,
            exists: { request in
                let path = request.captures["path"]
                return path.isEmpty ? false : try await storage.get(RecordKey.plain(path)) != nil
            },
            endpoints: [
                .read: .init("Read a secret.", changesNothing: true, read),
                .list: .init("List the names of secrets and folders.", changesNothing: true, list),
                .create: .init("Write a secret.", write),
                .update: .init("Replace a secret.", write),
                .delete: .init("Remove a secret for good.", delete),
            ])
    }

    private func read(_ request: Request) async throws -> Response {
        let key = RecordKey.plain(try request.secretPath)
        guard let stored = try await storage.get(key) else { throw CofferError.notFound }
        let record = try PlainRecord(decoding: stored.value, key: key)
        var response = Response(.data(.raw(record.body)))
        response.leaseSeconds = record.lease ?? leaseDefault
        return response
    }

    private func write(_ request: Request) async throws -> Response {
        let path = try request.secretPath
        guard !request.body.isEmpty else { throw CofferError.invalid("missing data fields") }
        let text = request.body.encoded()
        try SecretSize.check(text)
        var batch = Batch()
        batch.put(RecordKey.plain(path), PlainRecord(lease: lease(request.body), body: text).encoded())
        try await storage.commit(batch)
        return .empty
    }

    private func delete(_ request: Request) async throws -> Response {
        var batch = Batch()
        batch.delete(RecordKey.plain(try request.secretPath))
        try await storage.commit(batch)
        return .empty
    }

    private func list(_ request: Request) async throws -> Response {
        var sent = JSONObject()
        for field in SecretListing.fields { sent[field.name] = request.fields.any(field.name) }
        let fields = try Fields(validating: sent, as: SecretListing.fields)
        let listing = SecretListing(storage: storage, prefix: RecordKey.plain, policyPrefix: "")
        return try await listing.answer(request, fields: fields)
    }

    /// A text that is no duration is just a part of the secret.
    private func lease(_ body: JSONObject) -> Int? {
        switch body["ttl"] ?? body["lease"] {
        case .number(let text), .string(let text): DurationText.seconds(text)
        default: nil
        }
    }
}
