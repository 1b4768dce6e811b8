public import Syntax

/// The secrets of a KV version 1 mount, which keeps one value for each path and no history.
///
/// Obtained from ``CofferClient/kv1(mount:)``.
public struct KeyValueV1: Sendable {
    let client: CofferClient
    let mount: String

    /// Reads a secret.
    ///
    /// - Parameter path: The path of the secret below the mount, not percent-encoded.
    /// - Returns: The secret, or nil if there is none.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func get(_ path: String) async throws(ClientError) -> JSONObject? { try await client.read(mount + "/" + path)?.data }

    /// Writes a secret and replaces the one that is there.
    ///
    /// - Parameters:
    ///   - path: The path of the secret below the mount, not percent-encoded.
    ///   - data: The secret.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func put(_ path: String, _ data: JSONObject) async throws(ClientError) {
        try await client.write(mount + "/" + path, data)
    }

    /// Deletes a secret. Deleting a secret that does not exist succeeds.
    ///
    /// - Parameter path: The path of the secret below the mount, not percent-encoded.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func delete(_ path: String) async throws(ClientError) { try await client.delete(mount + "/" + path) }

    /// Lists the names below a path.
    ///
    /// - Parameter path: The path of a folder below the mount, or an empty string for the whole mount.
    /// - Returns: The names, or an empty array if there are none. The name of a folder ends with a slash.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func list(_ path: String = "") async throws(ClientError) -> [String] {
        try await client.list(mount + "/" + path)?.data?["keys"]?.texts ?? []
    }
}

extension CofferClient {
    /// Returns the secrets of a KV version 1 mount.
    ///
    /// - Parameter mount: The mount's path without a slash at the end.
    /// - Returns: The operations on the mount. Nothing is sent yet.
    public func kv1(mount: String = "secret") -> KeyValueV1 { KeyValueV1(client: self, mount: mount) }

    /// Returns the secrets of a KV version 2 mount.
    ///
    /// - Parameter mount: The mount's path without a slash at the end.
    /// - Returns: The operations on the mount. Nothing is sent yet.
    public func kv2(mount: String = "secret") -> KeyValueV2 { KeyValueV2(client: self, mount: mount) }
}
