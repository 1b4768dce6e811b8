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
        guard let opened = try await store.keys.open(try records(request)) else { throw CofferError.notFound }
        return .data([
            "key_version": .int(opened.keys.current.number),
            "versions": .array(
                opened.keys.versions.map { ["version": .int($0.number), "created_at": .time($0.createdAt)] }),
        ])
    }
}
