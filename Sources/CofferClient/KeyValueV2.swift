public import Syntax

/// A KV version 2 mount: versions, check-and-set, soft deletion.
public struct KeyValueV2: Sendable {
    let client: CofferClient
    let mount: String

    /// One version of a secret.
    public struct Version: Sendable {
        /// Nil when the version is deleted or destroyed.
        public var data: JSONObject?
        /// `version`, `created_time`, `deletion_time`, `destroyed`, `custom_metadata`, …
        public var metadata: JSONObject

        public var number: Int { metadata["version"]?.intValue ?? 0 }
    }

    /// The newest version unless one is named; nil when there is no such secret or version.
    public func get(_ path: String, version: Int? = nil) async throws(ClientError) -> Version? {
        let query = version.map { [QueryItem("version", String($0))] } ?? []
        guard let data = try await client.read(api("data", path), query: query)?.data else { return nil }
        return Version(data: data["data"]?.objectValue, metadata: data["metadata"]?.objectValue ?? JSONObject())
    }

    /// The new version's metadata. `cas` is the version that must be the newest; 0 demands that there is none.
    @discardableResult
    public func put(_ path: String, _ data: JSONObject, cas: Int? = nil) async throws(ClientError) -> JSONObject {
        try await client.write(api("data", path), Self.body(data, cas: cas))?.data ?? JSONObject()
    }

    /// Merges into the newest version; a null removes a member.
    @discardableResult
    public func patch(_ path: String, _ data: JSONObject, cas: Int? = nil) async throws(ClientError) -> JSONObject {
        try await client.patch(api("data", path), Self.body(data, cas: cas))?.data ?? JSONObject()
    }

    /// Marks versions (the newest when none is named) as deleted; ``undelete(_:versions:)`` brings them back.
    public func delete(_ path: String, versions: [Int] = []) async throws(ClientError) {
        if versions.isEmpty {
            try await client.delete(api("data", path))
        } else {
            try await client.write(api("delete", path), ["versions": .array(versions.map { .int($0) })])
        }
    }

    public func undelete(_ path: String, versions: [Int]) async throws(ClientError) {
        try await client.write(api("undelete", path), ["versions": .array(versions.map { .int($0) })])
    }

    /// Removes the data of versions for good.
    public func destroy(_ path: String, versions: [Int]) async throws(ClientError) {
        try await client.write(api("destroy", path), ["versions": .array(versions.map { .int($0) })])
    }

    /// Names below a path; a folder ends with a slash.
    public func list(_ path: String = "") async throws(ClientError) -> [String] {
        try await client.list(api("metadata", path))?.data?["keys"]?.texts ?? []
    }

    public func metadata(_ path: String) async throws(ClientError) -> JSONObject? {
        try await client.read(api("metadata", path))?.data
    }

    /// `max_versions`, `cas_required`, `delete_version_after`, `custom_metadata`.
    public func setMetadata(_ path: String, _ settings: JSONObject) async throws(ClientError) {
        try await client.write(api("metadata", path), settings)
    }

    /// Removes every version and the metadata for good.
    public func deleteMetadata(_ path: String) async throws(ClientError) { try await client.delete(api("metadata", path)) }

    private func api(_ kind: String, _ path: String) -> String {
        path.isEmpty ? "\(mount)/\(kind)" : "\(mount)/\(kind)/\(path)"
    }

    private static func body(_ data: JSONObject, cas: Int?) -> JSONObject {
        var body: JSONObject = ["data": .object(data)]
        if let cas { body["options"] = ["cas": .int(cas)] }
        return body
    }
}
