public import Syntax

/// The secrets of a KV version 2 mount, which keeps several versions of each secret.
///
/// Obtained from ``CofferClient/kv2(mount:)``. A version can be deleted and restored until it is destroyed.
public struct KeyValueV2: Sendable {
    let client: CofferClient
    let mount: String

    /// One version of a secret.
    public struct Version: Sendable {
        /// The secret, or nil if the version is deleted or destroyed.
        public var data: JSONObject?
        /// The version's metadata: `version`, `created_time`, `deletion_time`, `destroyed` and `custom_metadata`.
        public var metadata: JSONObject

        /// The version's number, from 1, or 0 if the metadata does not have it.
        public var number: Int { metadata["version"]?.intValue ?? 0 }
    }

    /// Reads a version of a secret.
    ///
    /// - Parameters:
    ///   - path: The path of the secret below the mount, not percent-encoded.
    ///   - version: The number of the version, or nil for the newest.
    /// - Returns: The version, or nil if the secret or the version does not exist. A deleted version is returned without its data.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func get(_ path: String, version: Int? = nil) async throws(ClientError) -> Version? {
        let query = version.map { [QueryItem("version", String($0))] } ?? []
        guard let data = try await client.read(api("data", path), query: query)?.data else { return nil }
        return Version(data: data["data"]?.objectValue, metadata: data["metadata"]?.objectValue ?? JSONObject())
    }

    /// Writes a secret as a new version.
    ///
    /// - Parameters:
    ///   - path: The path of the secret below the mount, not percent-encoded.
    ///   - data: The secret.
    ///   - cas: The number of the version that must be the newest for the write to be made (check-and-set); 0 if the secret must
    ///     not exist; nil to write without a check.
    /// - Returns: The metadata of the new version.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` and the status 400 if `cas` is not the newest version.
    @discardableResult
    public func put(_ path: String, _ data: JSONObject, cas: Int? = nil) async throws(ClientError) -> JSONObject {
        try await client.write(api("data", path), Self.body(data, cas: cas))?.data ?? JSONObject()
    }

    /// Writes a new version that is the newest one with some members changed.
    ///
    /// - Parameters:
    ///   - path: The path of the secret below the mount, not percent-encoded.
    ///   - data: The members to set. A member that is null is removed.
    ///   - cas: The number of the version that must be the newest for the write to be made (check-and-set), or nil to write without
    ///     a check.
    /// - Returns: The metadata of the new version.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` and the status 400 if `cas` is not the newest version.
    @discardableResult
    public func patch(_ path: String, _ data: JSONObject, cas: Int? = nil) async throws(ClientError) -> JSONObject {
        try await client.patch(api("data", path), Self.body(data, cas: cas))?.data ?? JSONObject()
    }

    /// Deletes versions of a secret. ``undelete(_:versions:)`` restores them.
    ///
    /// - Parameters:
    ///   - path: The path of the secret below the mount, not percent-encoded.
    ///   - versions: The numbers of the versions, or an empty array for the newest.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func delete(_ path: String, versions: [Int] = []) async throws(ClientError) {
        if versions.isEmpty {
            try await client.delete(api("data", path))
        } else {
            try await client.write(api("delete", path), ["versions": .array(versions.map { .int($0) })])
        }
    }

    /// Restores deleted versions of a secret.
    ///
    /// - Parameters:
    ///   - path: The path of the secret below the mount, not percent-encoded.
    ///   - versions: The numbers of the versions.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func undelete(_ path: String, versions: [Int]) async throws(ClientError) {
        try await client.write(api("undelete", path), ["versions": .array(versions.map { .int($0) })])
    }

    /// Removes the data of versions permanently.
    ///
    /// - Parameters:
    ///   - path: The path of the secret below the mount, not percent-encoded.
    ///   - versions: The numbers of the versions.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func destroy(_ path: String, versions: [Int]) async throws(ClientError) {
        try await client.write(api("destroy", path), ["versions": .array(versions.map { .int($0) })])
    }

    /// Lists the names below a path.
    ///
    /// - Parameter path: The path of a folder below the mount, or an empty string for the whole mount.
    /// - Returns: The names, or an empty array if there are none. The name of a folder ends with a slash.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func list(_ path: String = "") async throws(ClientError) -> [String] {
        try await client.list(api("metadata", path))?.data?["keys"]?.texts ?? []
    }

    /// Reads the metadata of a secret and of all its versions.
    ///
    /// - Parameter path: The path of the secret below the mount, not percent-encoded.
    /// - Returns: An object with `versions`, `current_version`, `max_versions`, `custom_metadata` and more, or nil if the secret does
    ///   not exist.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func metadata(_ path: String) async throws(ClientError) -> JSONObject? {
        try await client.read(api("metadata", path))?.data
    }

    /// Writes the settings of a secret.
    ///
    /// - Parameters:
    ///   - path: The path of the secret below the mount, not percent-encoded.
    ///   - settings: Any of `max_versions`, `cas_required`, `delete_version_after` and `custom_metadata`.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func setMetadata(_ path: String, _ settings: JSONObject) async throws(ClientError) {
        try await client.write(api("metadata", path), settings)
    }

    /// Removes a secret with all its versions and its metadata permanently.
    ///
    /// - Parameter path: The path of the secret below the mount, not percent-encoded.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
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
