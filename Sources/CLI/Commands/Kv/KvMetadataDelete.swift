internal import ArgumentParser
internal import CofferClient

/// The command `coffer kv metadata delete`.
struct KvMetadataDelete: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer kv metadata delete [options] <path>", "Remove a secret with all its versions permanently.",
        examples: "coffer kv metadata delete secret/app")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var mount: KvMountOption
    @Argument(help: .init("The path of the secret.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let target = try await KvTarget.find(arguments[0], in: mount, session: session)
        let path = try target.versionedPath("metadata")
        let secret = try await session.call("Error deleting \(path)") { try await $0.delete(path) }
        guard secret == nil || session.printer.isTable else { return try secret.map(session.printer.secret) ?? () }
        try session.printer.success("Success! Data deleted (if it existed) at: \(path)")
        if let secret { try session.printer.secret(secret) }
    }
}
