internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer kv put`.
struct KvPut: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer kv put [options] <path> <key=value> ...", "Write a secret, as a new version of it on a version 2 mount.",
        examples: "coffer kv put secret/app user=root password=-       # the password from standard input",
        "coffer kv put secret/app certificate=@server.pem    # takes a file's text",
        "coffer kv put secret/app @secret.json               # takes a whole JSON object",
        "coffer kv put -cas=0 secret/app user=root           # only if there is none")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var mount: KvMountOption
    @Option(help: .init("Write only if this version is the newest; 0 if the secret must not exist.", valueName: "version"))
    var cas: Int?
    @Option(help: "Print only this field of the answer.") var field: String?
    @Argument(help: .init("The path of the secret, then key=value.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(atLeast: 1)
        guard arguments.count > 1 else { throw CommandFailure.local("Must supply data, such as key=value") }
        let data = try KeyValueArguments.parse(Array(arguments.dropFirst()), input: session.system.input)
        let target = try await KvTarget.find(arguments[0], in: mount, session: session)
        if !target.isVersioned, cas != nil { throw CommandFailure.local("-cas requires a KV version 2 mount") }
        let path = target.apiPath("data")
        let body = target.isVersioned ? KvWriting.body(data, cas: cas) : data
        let secret = try await session.call("Error writing data to \(path)") { try await $0.write(path, body) }
        try KvWriting.report(secret, path: path, field: field, target: target, to: session)
    }
}
