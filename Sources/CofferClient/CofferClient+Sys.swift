public import Syntax

/// The operations under `sys/`: the seal, the mounts and the policies.
///
/// Obtained from ``CofferClient/sys``. The objects returned have the members that the Vault API documents for each path.
public struct SystemClient: Sendable {
    let client: CofferClient
}

extension CofferClient {
    /// The operations under `sys/`.
    public var sys: SystemClient { SystemClient(client: self) }
}

extension SystemClient {
    /// Returns the answer of `sys/health`, which needs no token.
    ///
    /// - Returns: The answer, whose status tells the server's state: 200 active, 429 standby, 501 not initialized, 503 sealed.
    /// - Throws: ``ClientError`` if the server does not answer.
    public func health() async throws(ClientError) -> ClientResponse { try await client.send(.get, "sys/health") }

    /// Returns the state of the seal, which needs no token.
    ///
    /// - Returns: An object with `sealed`, `initialized`, `type`, `version` and, for key shares, `n` (how many there are), `t` (how
    ///   many are needed) and `progress` (how many have been given).
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func sealStatus() async throws(ClientError) -> JSONObject { try await client.request(.get, "sys/seal-status").object() }

    /// Returns whether the server has been initialized, which needs no token.
    ///
    /// - Returns: True if the server has a root key.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func isInitialized() async throws(ClientError) -> Bool {
        try await client.request(.get, "sys/init").object()["initialized"]?.boolValue ?? false
    }

    /// Initializes a new server.
    ///
    /// - Parameter options: The settings, such as `secret_shares` and `secret_threshold`.
    /// - Returns: An object with `keys`, `keys_base64` and `root_token`. The server does not keep them and never returns them again.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server is already initialized or refuses a setting.
    public func initialize(_ options: JSONObject) async throws(ClientError) -> JSONObject {
        try await client.request(.put, "sys/init", body: .object(options)).object()
    }

    /// Gives the server one key share.
    ///
    /// - Parameters:
    ///   - key: The share as hex or base64 text.
    ///   - migrate: Whether the share is part of a migration from another kind of seal.
    /// - Returns: The state of the seal after this share, as ``sealStatus()`` returns it.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the share is wrong.
    public func unseal(key: String, migrate: Bool = false) async throws(ClientError) -> JSONObject {
        var body: JSONObject = ["key": .string(key)]
        if migrate { body["migrate"] = true }
        return try await client.request(.put, "sys/unseal", body: .object(body)).object()
    }

    /// Discards the key shares that have been given so far.
    ///
    /// - Returns: The state of the seal, as ``sealStatus()`` returns it.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func resetUnseal() async throws(ClientError) -> JSONObject {
        try await client.request(.put, "sys/unseal", body: ["reset": true]).object()
    }

    /// Seals the server: it discards its keys and answers no more requests until it is unsealed.
    ///
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func seal() async throws(ClientError) { try await client.request(.put, "sys/seal") }

    /// Returns the mounted secrets engines.
    ///
    /// - Returns: An object that maps each mount path, such as `secret/`, to its type, description and settings.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func mounts() async throws(ClientError) -> JSONObject { try await table("sys/mounts") }

    /// Returns the enabled auth methods.
    ///
    /// - Returns: An object that maps each path, such as `userpass/`, to its type, description and settings.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func authMounts() async throws(ClientError) -> JSONObject { try await table("sys/auth") }

    /// Returns the enabled audit devices.
    ///
    /// - Returns: An object that maps each path, such as `file/`, to its type, description and settings.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func auditDevices() async throws(ClientError) -> JSONObject { try await table("sys/audit") }

    /// Returns the text of a policy.
    ///
    /// - Parameter name: The policy's name.
    /// - Returns: The policy as HCL or JSON, or nil if there is no policy with that name.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func policy(_ name: String) async throws(ClientError) -> String? {
        let response = try await client.send(.get, "sys/policies/acl/" + name)
        if response.status == 404, response.errors.isEmpty { return nil }
        return try response.checked().opened().secret?.data?["policy"]?.stringValue
    }

    /// Returns the names of all policies.
    ///
    /// - Returns: The names, or an empty array if there are none.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func policies() async throws(ClientError) -> [String] {
        let response = try await client.send(.list, "sys/policies/acl")
        if response.status == 404, response.errors.isEmpty { return [] }
        return try response.checked().opened().secret?.data?["keys"]?.texts ?? []
    }

    /// Creates or replaces a policy.
    ///
    /// - Parameters:
    ///   - name: The policy's name.
    ///   - text: The policy as HCL or JSON.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the text is not a valid policy.
    public func setPolicy(_ name: String, text: String) async throws(ClientError) {
        try await client.request(.put, "sys/policies/acl/" + name, body: ["policy": .string(text)])
    }

    /// Deletes a policy. Tokens that have it keep its name, which then allows nothing.
    ///
    /// - Parameter name: The policy's name.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func deletePolicy(_ name: String) async throws(ClientError) { try await client.delete("sys/policies/acl/" + name) }

    /// Returns the KV mount that serves a path.
    ///
    /// - Parameter path: The path of a secret as people write it, such as `secret/app`, without `data` or `metadata`.
    /// - Returns: The mount. Its path is empty if the server is too old to know.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the token may not see the mount.
    public func keyValueMount(of path: String) async throws(ClientError) -> KeyValueMount {
        let response = try await client.send(.get, "sys/internal/ui/mounts/" + path)
        // Servers that do not have this route have version 1 only.
        if response.status == 404 { return KeyValueMount(path: "", version: 1) }
        let data = try response.checked().object()["data"]
        let version = data?["options"]?["version"]
        let isVersioned = version?.stringValue == "2" || version?.intValue == 2
        return KeyValueMount(path: data?["path"]?.stringValue ?? "", version: isVersioned ? 2 : 1)
    }

    /// Returns the object under `data`, or the whole object from servers that answer without an envelope.
    private func table(_ path: String) async throws(ClientError) -> JSONObject {
        let object = try await client.request(.get, path).object()
        return object["data"]?.objectValue ?? object
    }
}
