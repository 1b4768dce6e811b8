internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer kv enable-versioning`.
struct KvEnableVersioning: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer kv enable-versioning [options] <mount>", "Upgrade a KV version 1 mount to version 2.",
        examples: "coffer kv enable-versioning secret/")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Argument(help: .init("The mount.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let path = try ArgumentText.requiredPath(arguments[0])
        try await session.call("Error tuning secrets engine \(path)/") {
            try await $0.request(.post, "sys/mounts/\(path)/tune", body: ["options": ["version": "2"]])
        }
        try session.printer.success("Success! Tuned the secrets engine at: \(path)/")
    }
}
