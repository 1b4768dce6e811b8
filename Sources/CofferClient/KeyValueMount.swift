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
        // By bytes: a slash with a combining mark behind it still ends the mount.
        let mount = self.path.isEmpty || self.path.utf8.last == UInt8(ascii: "/") ? self.path : self.path + "/"
        if path.utf8.elementsEqual(mount.utf8) || (path + "/").utf8.elementsEqual(mount.utf8) { return mount + kind }
        guard path.utf8.starts(with: mount.utf8) else { return mount + kind + "/" + path }
        return mount + kind + "/" + String(Substring(path.utf8.dropFirst(mount.utf8.count)))
    }
}
