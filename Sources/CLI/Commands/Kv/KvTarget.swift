internal import ArgumentParser
internal import CofferClient

/// The option that names a KV mount.
struct KvMountOption: ParsableArguments {
    @Option(help: .init("The KV mount that the path is relative to.", valueName: "path")) var mount: String?
}

/// A secret or folder of a KV mount, named as `secret/foo` or `-mount=secret foo`.
struct KvTarget {
    let mount: KeyValueMount
    /// The path with the mount, such as `secret/foo`.
    let path: String

    var isVersioned: Bool { mount.version == 2 }

    /// Returns the API path: for `data`, `secret/data/foo` on version 2 and `secret/foo` on version 1.
    func apiPath(_ kind: String) -> String { mount.apiPath(path, kind) }

    /// Returns the API path for an operation that only KV version 2 mounts have.
    func versionedPath(_ kind: String) throws(CommandFailure) -> String {
        guard isVersioned else {
            throw .local("\(mount.path.isEmpty ? path : mount.path) is a KV version 1 mount, which has no versions or metadata")
        }
        return apiPath(kind)
    }

    /// Asks the server for the mount that serves a path.
    static func find(_ argument: String?, in option: KvMountOption, session: Session) async throws -> KvTarget {
        let below = ArgumentText.path(argument ?? "")
        let path: String
        if let mount = option.mount.unlessEmpty {
            let mount = try ArgumentText.requiredPath(mount)
            path = below.isEmpty ? mount : mount + "/" + below
        } else {
            guard !below.isEmpty else {
                throw CommandFailure.local("Give the path of a secret, such as secret/foo, or a mount with -mount")
            }
            path = below
        }
        do {
            var mount = try await session.lookupClient().sys.keyValueMount(of: path)
            if mount.path.isEmpty, let named = option.mount.unlessEmpty {
                mount.path = ArgumentText.mount(ArgumentText.path(named))
            }
            return KvTarget(mount: mount, path: path)
        } catch {
            throw session.failure(error, doing: "Error finding the mount of \(path)")
        }
    }
}
