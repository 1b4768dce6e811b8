public import Syntax

/// A KV version 1 mount: one value per path, no history.
public struct KeyValueV1: Sendable {
    let client: CofferClient
    let mount: String

    /// Nil when there is no secret.
    public func get(_ path: String) async throws(ClientError) -> JSONObject? { try await client.read(mount + "/" + path)?.data }

    public func put(_ path: String, _ data: JSONObject) async throws(ClientError) {
        try await client.write(mount + "/" + path, data)
    }

    public func delete(_ path: String) async throws(ClientError) { try await client.delete(mount + "/" + path) }

    /// Names below a path; a folder ends with a slash.
    public func list(_ path: String = "") async throws(ClientError) -> [String] {
        try await client.list(mount + "/" + path)?.data?["keys"]?.texts ?? []
    }
}

extension CofferClient {
    public func kv1(mount: String = "secret") -> KeyValueV1 { KeyValueV1(client: self, mount: mount) }

    public func kv2(mount: String = "secret") -> KeyValueV2 { KeyValueV2(client: self, mount: mount) }
}
