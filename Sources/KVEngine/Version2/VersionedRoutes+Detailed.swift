import EngineKit
import Syntax

extension VersionedRoutes {
    /// Lists with what is known about each secret, so that nobody asks for one after the other. As OpenBao has it.
    var detailedMetadata: EnginePath {
        EnginePath(
            "detailed-metadata/{path...}", "Lists of secrets with their newest versions.",
            details: "As listings of `metadata/`, with `key_info` beside `keys`. At most 1,000 names, or `limit` of them.",
            fields: SecretListing.fields,
            endpoints: [.list: endpoint("List secrets with their newest versions.", changesNothing: true, listDetailed)])
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
            // Names are distinct, so nothing is set twice.
            info.members.append(.init(key: name, value: .object(shown)))
        }
        return try .keys(names, info: info)
    }

    /// nil when it is gone meanwhile. One record that cannot be read keeps no other out of the list.
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
