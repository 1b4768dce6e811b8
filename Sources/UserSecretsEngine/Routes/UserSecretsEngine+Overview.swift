import EngineKit
import Syntax

extension UserSecretsEngine {
    /// `{owner}/tags`: counts tags.
    var tags: EnginePath {
        EnginePath("{owner}/tags", "Show the tags of a user's secrets.", fields: [Self.ownerField])
            .reading("List the tags, each with the number of secrets that have it.", readTags)
    }

    /// `{owner}/keys`: shows the versions of the data key.
    var ownerKeys: EnginePath {
        EnginePath("{owner}/keys", "Show the versions of a user's data key.", fields: [Self.ownerField])
            .reading("Show the versions, without the keys.", readKeys)
    }

    private func readTags(_ request: Request) async throws -> Response {
        let index = try await store.indexes.index(of: try records(request))
        var counts: [String: Int] = [:]
        for entry in index.entries {
            for tag in entry.secret.tags { counts[tag, default: 0] += 1 }
        }
        let rows = counts.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        return .data(["tags": .array(rows.map { ["tag": .string($0.key), "count": .int($0.value)] })])
    }

    private func readKeys(_ request: Request) async throws -> Response {
        let records = try records(request)
        guard let opened = try await store.keys.open(records) else { throw CofferError.notFound }
        let index = try await store.indexes.index(of: records)
        let number = opened.keys.currentNumber
        return .data([
            "key_version": .int(number), "rotating": .bool(opened.keys.versions.count > 1),
            "sealed_secrets": .int(index.entries.count { $0.secret.sealed.keyVersion == number }),
            "total_secrets": .int(index.entries.count),
            "versions": .array(
                opened.keys.versions.map { ["version": .int($0.number), "created_at": .time($0.createdAt)] }),
        ])
    }
}
