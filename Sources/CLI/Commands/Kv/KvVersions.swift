internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer kv delete`.
struct KvDelete: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer kv delete [options] <path>", "Delete the newest version of a secret, or the given versions.",
        notes: "On a KV version 2 mount, `coffer kv undelete` restores a deleted version.",
        examples: "coffer kv delete secret/app", "coffer kv delete -versions=1,2 secret/app")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var place: KvSecretArgument
    @OptionGroup var selection: KvVersions

    func run(_ session: Session) async throws {
        try place.arguments.expect(1)
        let numbers = try selection.numbers()
        let target = try await place.target(session)
        let path = numbers.isEmpty ? target.apiPath("data") : try target.versionedPath("delete")
        let secret = try await session.call("Error deleting \(path)") {
            numbers.isEmpty ? try await $0.delete(path) : try await $0.write(path, KvVersions.body(numbers))
        }
        try session.printer.deleted(secret, at: target.apiPath("data"))
    }
}

/// The versions of a secret that a command applies to.
struct KvVersions: ParsableArguments {
    @Option(help: .init("Version numbers such as 1,3; may be repeated.", valueName: "numbers")) var versions: [String] = []

    func numbers() throws(CommandFailure) -> [Int] { try ArgumentText.versions(versions) }

    static func body(_ numbers: [Int]) -> JSONObject { ["versions": .array(numbers.map { .int($0) })] }
}

/// A command that changes versions of a secret, which must be given.
protocol KvVersionsCommand: SessionCommand {
    /// The route of the API, below the mount.
    static var route: String { get }
    var place: KvSecretArgument { get }
    var selection: KvVersions { get }
}

extension KvVersionsCommand {
    func run(_ session: Session) async throws {
        try place.arguments.expect(1)
        let numbers = try selection.numbers()
        guard !numbers.isEmpty else { throw CommandFailure.local("Give the versions with -versions, such as -versions=1,3") }
        let path = try await place.target(session).versionedPath(Self.route)
        let secret = try await session.call("Error writing data to \(path)") { try await $0.write(path, KvVersions.body(numbers)) }
        try session.printer.written(secret, to: path)
    }
}

/// The command `coffer kv undelete`.
struct KvUndelete: KvVersionsCommand {
    static let route = "undelete"
    static let configuration = CommandConfiguration.command(
        "coffer kv undelete [options] -versions=<numbers> <path>", "Restore deleted versions of a secret.",
        examples: "coffer kv undelete -versions=3 secret/app")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var place: KvSecretArgument
    @OptionGroup var selection: KvVersions
}

/// The command `coffer kv destroy`.
struct KvDestroy: KvVersionsCommand {
    static let route = "destroy"
    static let configuration = CommandConfiguration.command(
        "coffer kv destroy [options] -versions=<numbers> <path>", "Remove the data of versions permanently.",
        examples: "coffer kv destroy -versions=1,2 secret/app")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var place: KvSecretArgument
    @OptionGroup var selection: KvVersions
}

/// The command `coffer kv rollback`.
struct KvRollback: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer kv rollback [options] -version=<number> <path>", "Write the data of an older version as a new version.",
        examples: "coffer kv rollback -version=2 secret/app")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var place: KvSecretArgument
    @Option(help: .init("The version to restore.", valueName: "number")) var version: Int?

    func run(_ session: Session) async throws {
        try place.arguments.expect(1)
        guard let version, version > 0 else { throw CommandFailure.local("Give the version to restore with -version") }
        let target = try await place.target(session)
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
