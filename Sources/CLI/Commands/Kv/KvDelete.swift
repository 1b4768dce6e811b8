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
    @OptionGroup var mount: KvMountOption
    @OptionGroup var selection: KvVersions
    @Argument(help: .init("The path of the secret.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let numbers = try selection.numbers()
        let target = try await KvTarget.find(arguments[0], in: mount, session: session)
        let path = numbers.isEmpty ? target.apiPath("data") : try target.versionedPath("delete")
        let secret = try await session.call("Error deleting \(path)") {
            numbers.isEmpty ? try await $0.delete(path) : try await $0.write(path, KvVersions.body(numbers))
        }
        guard secret == nil || session.printer.isTable else { return try secret.map(session.printer.secret) ?? () }
        try session.printer.success("Success! Data deleted (if it existed) at: \(target.apiPath("data"))")
        if let secret { try session.printer.secret(secret) }
    }
}

/// The versions of a secret that a command applies to.
struct KvVersions: ParsableArguments {
    @Option(help: .init("Version numbers such as 1,3; may be repeated.", valueName: "numbers")) var versions: [String] = []

    func numbers() throws(CommandFailure) -> [Int] { try ArgumentText.versions(versions) }

    func required() throws(CommandFailure) -> [Int] {
        let numbers = try numbers()
        guard !numbers.isEmpty else { throw .local("Give the versions with -versions, such as -versions=1,3") }
        return numbers
    }

    static func body(_ numbers: [Int]) -> JSONObject { ["versions": .array(numbers.map { .int($0) })] }
}
