/// Where a KV path is mounted and which version of the engine serves it.
public struct KeyValueMount: Sendable, Hashable {
    /// With a slash at its end, such as `secret/`; empty when the server did not say.
    public var path: String
    /// 1 or 2.
    public var version: Int

    public init(path: String, version: Int) {
        self.path = path
        self.version = version
    }

    /// The API path of a secret: `secret/foo` with `data` becomes `secret/data/foo` on version 2, and stays on version 1.
    public func apiPath(_ path: String, _ kind: String) -> String {
        guard version == 2 else { return path }
        let mount = self.path.hasSuffix("/") || self.path.isEmpty ? self.path : self.path + "/"
        if path == mount || path + "/" == mount { return mount + kind }
        return mount + kind + "/" + (path.hasPrefix(mount) ? path.dropFirst(mount.count) : path[...])
    }
}
