import EngineKit
import Syntax

extension UserSecretsEngine {
    /// `{owner}/secrets/{id}/versions`: shows the values that a secret has had, without them.
    var versions: EnginePath {
        EnginePath(
            "{owner}/secrets/{id}/versions", "Show the versions of a secret, without their values.",
            details: "Two versions with the same fingerprint have the same value.", fields: [Self.ownerField, Self.idField]
        )
        .reading("List the versions, the newest first.", readVersions)
        .listing("List the versions, the newest first.", readVersions)
    }

    /// `{owner}/secrets/{id}/restore`: makes an earlier value the current one.
    var restore: EnginePath {
        EnginePath(
            "{owner}/secrets/{id}/restore", "Make an earlier value of a secret the current one, as a new version.",
            fields: [Self.ownerField, Self.idField, Field("version", .int, required: true, "The version to restore.")]
        )
        .updating("Restore a version.", restoreVersion)
    }

    private func readVersions(_ request: Request) async throws -> Response {
        guard let loaded = try await store.load(try id(request), from: try records(request)) else { throw CofferError.notFound }
        let rows: [JSON] = loaded.secret.versions.reversed().map { version in
            [
                "version": .int(version.number), "created_at": .time(version.createdAt), "created_by": .string(version.createdBy),
                "fingerprint": .string(version.fingerprint), "is_current": .bool(version.number == loaded.secret.version),
            ]
        }
        return .data(["versions": .array(rows)])
    }

    private func restoreVersion(_ request: Request) async throws -> Response {
        let records = try records(request)
        let version = request.fields.number("version")
        guard let loaded = try await store.restore(try id(request), version: version, in: records, by: request.accessor) else {
            throw CofferError.notFound
        }
        return .data(try await answer(loaded, from: records))
    }
}
