internal import ArgumentParser
internal import CofferClient

struct KvMountOption: ParsableArguments {
    @Option(help: ArgumentHelp("Where the KV engine is mounted; the path is then below it.", valueName: "path"))
    var mount: String?
}

/// A secret of a KV mount: `secret/foo`, or `-mount=secret foo`.
struct KvTarget {
    let mount: KeyValueMount
    /// From the mount on, such as `secret/foo`.
    let path: String

    var isVersioned: Bool { mount.version == 2 }

    /// The path to ask the API for: with `data`, `secret/data/foo` on version 2 and `secret/foo` on version 1.
    func apiPath(_ kind: String) -> String { mount.apiPath(path, kind) }

    /// The API path, on a mount with versions only.
    func versionedPath(_ kind: String) throws(CommandFailure) -> String {
        guard isVersioned else {
            throw .local("\(mount.path.isEmpty ? path : mount.path) is a KV version 1 mount: it has no versions or metadata")
        }
        return apiPath(kind)
    }

    /// Asks the server which mount it is and what version of the engine serves it.
    static func find(_ argument: String?, _ option: KvMountOption, _ session: Session) async throws -> KvTarget {
        let below = ArgumentText.path(argument ?? "")
        let path: String
        if let mount = option.mount.unlessEmpty {
            let mount = try ArgumentText.requiredPath(mount)
            path = below.isEmpty ? mount : mount + "/" + below
        } else {
            guard !below.isEmpty else { throw CommandFailure.local("Name a secret, such as secret/foo, or a mount with -mount") }
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
