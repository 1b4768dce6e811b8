internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer kv metadata get`.
struct KvMetadataGet: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer kv metadata get [options] <path>", "Show the metadata of a secret and its versions.",
        examples: "coffer kv metadata get secret/app")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var mount: KvMountOption
    @Option(help: "Print only this field.") var field: String?
    @Argument(help: .init("The path of the secret.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let target = try await KvTarget.find(arguments[0], in: mount, session: session)
        let path = try target.versionedPath("metadata")
        let secret = try await session.call("Error reading \(path)") { try await $0.read(path) }
        guard let secret else { throw CommandFailure.nothing(at: path) }
        if let field = field.unlessEmpty { return try session.printer.field(field, of: secret) }
        guard session.printer.isTable, secret.wrapInfo == nil, var data = secret.data else {
            return try session.printer.secret(secret)
        }
        let versions = data["versions"]?.objectValue ?? JSONObject()
        data["versions"] = nil
        session.printer.warnings(secret.warnings)
        session.printer.path(path, title: "Metadata Path")
        try session.printer.section("Metadata", data)
        for version in versions.members.sorted(by: { (Int($0.key) ?? 0) < (Int($1.key) ?? 0) }) {
            session.console.outputExactly("\n")
            try session.printer.section("Version \(version.key)", version.value.objectValue ?? JSONObject())
        }
    }
}
