public import Syntax

/// The `sys/` routes.
public struct SystemClient: Sendable {
    let client: CofferClient
}

extension CofferClient {
    public var sys: SystemClient { SystemClient(client: self) }
}

extension SystemClient {
    /// The body of `sys/health` with its status code: 200 active, 429 standby, 501 not initialized, 503 sealed.
    public func health() async throws(ClientError) -> ClientResponse { try await client.send(.get, "sys/health") }

    /// `sealed`, `t`, `n`, `progress`, `nonce`, `type`, `version`, …
    public func sealStatus() async throws(ClientError) -> JSONObject { try await client.request(.get, "sys/seal-status").object() }

    public func isInitialized() async throws(ClientError) -> Bool {
        try await client.request(.get, "sys/init").object()["initialized"]?.boolValue ?? false
    }

    /// Answers `keys`, `keys_base64` and `root_token`. They are shown this once.
    public func initialize(_ options: JSONObject) async throws(ClientError) -> JSONObject {
        try await client.request(.put, "sys/init", body: .object(options)).object()
    }

    /// The seal status after the share.
    public func unseal(key: String, migrate: Bool = false) async throws(ClientError) -> JSONObject {
        var body: JSONObject = ["key": .string(key)]
        if migrate { body["migrate"] = true }
        return try await client.request(.put, "sys/unseal", body: .object(body)).object()
    }

    public func resetUnseal() async throws(ClientError) -> JSONObject {
        try await client.request(.put, "sys/unseal", body: ["reset": true]).object()
    }

    public func seal() async throws(ClientError) { try await client.request(.put, "sys/seal") }

    /// Mount path (`secret/`) to its description.
    public func mounts() async throws(ClientError) -> JSONObject { try await table("sys/mounts") }

    public func authMounts() async throws(ClientError) -> JSONObject { try await table("sys/auth") }

    public func auditDevices() async throws(ClientError) -> JSONObject { try await table("sys/audit") }

    /// Nil when there is no policy of that name.
    public func policy(_ name: String) async throws(ClientError) -> String? {
        let response = try await client.send(.get, "sys/policies/acl/" + name)
        if response.status == 404, response.errors.isEmpty { return nil }
        return try response.checked().opened().secret?.data?["policy"]?.stringValue
    }

    public func policies() async throws(ClientError) -> [String] {
        let response = try await client.send(.list, "sys/policies/acl")
        if response.status == 404, response.errors.isEmpty { return [] }
        return try response.checked().opened().secret?.data?["keys"]?.texts ?? []
    }

    public func setPolicy(_ name: String, text: String) async throws(ClientError) {
        try await client.request(.put, "sys/policies/acl/" + name, body: ["policy": .string(text)])
    }

    public func deletePolicy(_ name: String) async throws(ClientError) { try await client.delete("sys/policies/acl/" + name) }

    /// Where a KV path is mounted. See ``KeyValueMount``.
    public func keyValueMount(of path: String) async throws(ClientError) -> KeyValueMount {
        let response = try await client.send(.get, "sys/internal/ui/mounts/" + path)
        // Servers before the route existed had version 1 only.
        if response.status == 404 { return KeyValueMount(path: "", version: 1) }
        let data = try response.checked().object()["data"]
        let version = data?["options"]?["version"]
        let isVersioned = version?.stringValue == "2" || version?.intValue == 2
        return KeyValueMount(path: data?["path"]?.stringValue ?? "", version: isVersioned ? 2 : 1)
    }

    private func table(_ path: String) async throws(ClientError) -> JSONObject {
        let object = try await client.request(.get, path).object()
        return object["data"]?.objectValue ?? object
    }
}
