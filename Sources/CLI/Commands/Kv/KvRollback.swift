internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer kv rollback`.
struct KvRollback: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer kv rollback [options] -version=<number> <path>", "Write the data of an older version as a new version.",
        examples: "coffer kv rollback -version=2 secret/app")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var mount: KvMountOption
    @Option(help: .init("The version to restore.", valueName: "number")) var version: Int?
    @Argument(help: .init("The path of the secret.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        guard let version, version > 0 else { throw CommandFailure.local("Give the version to restore with -version") }
        let target = try await KvTarget.find(arguments[0], in: mount, session: session)
        let path = try target.versionedPath("data")
        let secret = try await session.call("Error rolling back \(path)") { _ in
            let reader = try session.lookupClient()
            // The check uses the number of the newest version even if that version is deleted.
            let newest = try await reader.read(path)?.data?["metadata"]?["version"]?.intValue
            guard let newest else { throw CommandFailure.nothing(at: path) }
            let old = try await reader.read(path, query: [QueryItem("version", String(version))])?.data
            guard let data = old?["data"]?.objectValue else {
                throw CommandFailure.server("Version \(version) of \(path) is deleted or destroyed, or does not exist")
            }
            return try await session.client().write(path, KvWriting.body(data, cas: newest))
        }
        try KvWriting.report(secret, path: path, field: nil, target: target, to: session)
    }
}
