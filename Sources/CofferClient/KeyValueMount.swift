/// The mount that serves a KV path, and the version of its engine.
public struct KeyValueMount: Sendable, Hashable {
    /// The mount's path with a slash at the end, such as `secret/`, or an empty string if it is unknown.
    public var path: String
    /// The version of the KV engine: 1, or 2 for one that keeps several versions of each secret.
    public var version: Int

    /// Creates a mount.
    ///
    /// - Parameters:
    ///   - path: The mount's path, such as `secret/`.
    ///   - version: The version of the KV engine, 1 or 2.
    public init(path: String, version: Int) {
        self.path = path
        self.version = version
    }

    /// Returns the API path of a secret: `secret/app` and `data` give `secret/data/app` on version 2, and `secret/app` on version 1.
    ///
    /// - Parameters:
    ///   - path: The path of the secret, with the mount.
    ///   - kind: What to address on version 2: `data`, `metadata`, `delete`, `undelete` or `destroy`.
    /// - Returns: The path below `/v1`.
    public func apiPath(_ path: String, _ kind: String) -> String {
        guard version == 2 else { return path }
        // Compared by bytes: a slash followed by a combining mark still ends the mount's path.
        let mount = self.path.isEmpty || self.path.utf8.last == UInt8(ascii: "/") ? self.path : self.path + "/"
        if path.utf8.elementsEqual(mount.utf8) || (path + "/").utf8.elementsEqual(mount.utf8) { return mount + kind }
        guard path.utf8.starts(with: mount.utf8) else { return mount + kind + "/" + path }
        return mount + kind + "/" + String(Substring(path.utf8.dropFirst(mount.utf8.count)))
    }
}
