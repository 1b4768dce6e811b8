internal import ArgumentParser
internal import CofferClient

/// The command `coffer kv destroy`.
struct KvDestroy: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer kv destroy [options] -versions=<numbers> <path>", "Remove the data of versions permanently.",
        examples: "coffer kv destroy -versions=1,2 secret/app")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var mount: KvMountOption
    @OptionGroup var selection: KvVersions
    @Argument(help: .init("The path of the secret.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let numbers = try selection.required()
        let target = try await KvTarget.find(arguments[0], in: mount, session: session)
        let path = try target.versionedPath("destroy")
        let secret = try await session.call("Error writing data to \(path)") { try await $0.write(path, KvVersions.body(numbers)) }
        if let secret { return try session.printer.secret(secret) }
        try session.printer.success("Success! Data written to: \(path)")
    }
}
