package import EngineKit
import Syntax

/// An engine for secrets without history, which are stored as they are sent.
package struct KVVersion1Engine: SecretsEngine {
    private let storage: any Storage
    /// The lease in seconds of secrets that have none.
    private let leaseDefault: Int

    /// Vault's default lease of 32 days in seconds, for mounts that have none.
    private static let mountLeaseDefault = 2_764_800

    /// Creates the engine of a mount.
    package init(_ context: MountContext) {
        storage = context.storage
        leaseDefault = context.defaultTTL > 0 ? context.defaultTTL : Self.mountLeaseDefault
    }

    /// The path of the secrets.
    package var paths: [EnginePath] { [secrets] }

    private var secrets: EnginePath {
        EnginePath(
            "{path...}", "Reads, writes and lists secrets, which are stored as they are sent.",
            details: """
                The `ttl` (or `lease`) of a secret says how long readers may use it before they read it again. Listings can be \
                paged with `after` and `limit`, and descend with `recursive`.
                """,
            // A secret may have members with these names, of any type.
            fields: SecretListing.fields.map { Field($0.name, .any, query: true, $0.details) },
            isOpen: true,
            exists: { request in
                let path = request.captures["path"]
                return path.isEmpty ? false : try await storage.get(RecordKey.plain(path)) != nil
            }
        )
        .reading("Read a secret.", read)
        .listing("List the names of secrets and folders.", list)
        .creating("Write a secret.", write)
        .updating("Replace a secret.", write)
        .deleting("Delete a secret permanently.") { try await storage.delete(RecordKey.plain(try $0.secretPath)) }
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
        try await storage.put(RecordKey.plain(path), PlainRecord(lease: lease(request.body), body: text).encoded())
        return .empty
    }

    private func list(_ request: Request) async throws -> Response {
        var sent = JSONObject()
        for field in SecretListing.fields { sent[field.name] = request.fields.any(field.name) }
        let fields = try Fields(validating: sent, as: SecretListing.fields)
        let listing = SecretListing(storage: storage, prefix: RecordKey.plain, policyPrefix: "")
        return try await listing.answer(request, fields: fields)
    }

    /// Returns the lease that the writer asked for, in seconds. A member that is not a duration is only part of the secret.
    private func lease(_ body: JSONObject) -> Int? {
        switch body["ttl"] ?? body["lease"] {
        case .number(let text), .string(let text): DurationText.seconds(text)
        default: nil
        }
    }
}
