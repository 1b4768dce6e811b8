internal import ArgumentParser
internal import CofferClient

/// The command `coffer kv list`.
struct KvList: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer kv list [options] <path>", "List the secrets below a path.", examples: "coffer kv list secret/",
        "coffer kv list -mount=secret apps/")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var mount: KvMountOption
    @Argument(help: .init("The path.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(mount.mount.unlessEmpty == nil ? 1...1 : 0...1)
        let target = try await KvTarget.find(arguments.first, in: mount, session: session)
        try await ListCommand.list(target.apiPath("metadata"), session: session)
    }
}
