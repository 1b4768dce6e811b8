import EngineKit
import Syntax

extension KVVersion2Engine {
    /// Lists secrets with their metadata, so that callers need not read each one. OpenBao has the same route.
    var detailedMetadata: EnginePath {
        EnginePath(
            "detailed-metadata/{path...}", "Lists secrets with their newest versions.",
            details: "The answer is that of `metadata/`, with `key_info` beside `keys`, for at most 1,000 names.",
            fields: SecretListing.fields
        )
        .listing("List secrets with their newest versions.", listDetailed)
    }

    private static let detailedMax = 1_000

    private func listDetailed(_ request: Request) async throws -> Response {
        let listing = SecretListing(storage: secrets.storage, prefix: RecordKey.heads, policyPrefix: "detailed-metadata/")
        let path = request.captures["path"]
        let folder = path.isEmpty ? "" : path + "/"
        let limit = Paging(request.fields, limitMax: Self.detailedMax).limit
        let names = try await listing.names(request, fields: request.fields, limit: limit)
        var info = JSONObject()
        for name in names where name.utf8.last != UInt8(ascii: "/") {
            try GivenUpRequest.check()
            guard let shown = try await shown(RecordKey.head(folder + name)) else { continue }
            // Names are distinct, so no member is set twice.
            info.members.append(.init(key: name, value: .object(shown)))
        }
        return try .keys(names, info: info)
    }

    /// Returns what the list shows of a secret, or nil if it was deleted since it was listed. A record that cannot be read
    /// is shown with an error, so that the others can be listed.
    private func shown(_ key: String) async throws -> JSONObject? {
        do throws(StorageError) {
            guard let record = try await secrets.storage.get(key) else { return nil }
            let view = try HeadView(record.value, key: key)
            return Self.shown(view, isGone: view.version.isGone(at: time.now()))
        } catch {
            guard case .corrupted = error else { throw error }
            return ["error": .strings(CofferError(error).messages)]
        }
    }

    private static func shown(_ view: HeadView, isGone: Bool) -> JSONObject {
        [
            "current_version": .int(view.current), "created_time": .string(view.version.created.description),
            "created_by": .string(view.version.author), "deleted": .bool(isGone || view.current == 0),
        ]
    }
}
