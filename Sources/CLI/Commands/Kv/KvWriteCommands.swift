internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The parts that all commands that write a version share.
enum KvWriting {
    /// Returns the body of a write: `{"data": …, "options": {"cas": …}}`. A negative `cas` is left out.
    static func body(_ data: JSONObject, cas: Int?) -> JSONObject {
        var options = JSONObject()
        if let cas, cas >= 0 { options["cas"] = .int(cas) }
        return ["data": .object(data), "options": .object(options)]
    }

    /// Prints the metadata of the new version, or a success message if there is none.
    static func report(_ secret: Secret?, path: String, field: String?, target: KvTarget, to session: Session) throws {
        let printer = session.printer
        guard let secret else { return try printer.written(nil, to: path) }
        if let field = field.unlessEmpty { return try printer.field(field, of: secret) }
        guard printer.isTable, target.isVersioned, secret.wrapInfo == nil, let metadata = secret.data else {
            return try printer.secret(secret)
        }
        printer.warnings(secret.warnings)
        printer.path(path, title: "Secret Path")
        try printer.section("Metadata", metadata)
    }
}

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

/// The command `coffer kv patch`.
struct KvPatch: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer kv patch [options] <path> [<key=value> ...]", "Change some fields of a secret and keep the others.",
        notes: """
            The server merges the fields. If it does not support this, or the token has no `patch` capability, the command \
            reads the secret and writes it back, and fails if someone else has written it in the meantime.
            """,
        examples: "coffer kv patch secret/app password=-", "coffer kv patch -remove-data=old secret/app")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @OptionGroup var mount: KvMountOption
    @Option(help: .init("Write only if this version is the newest.", valueName: "version")) var cas: Int?
    @Option(help: "patch (the server merges) or rw (read and write). (default: patch, then rw)") var method: String?
    @Option(help: .init("Remove this field; may be repeated.", valueName: "key")) var removeData: [String] = []
    @Option(help: "Print only this field of the answer.") var field: String?
    @Argument(help: .init("The path of the secret, then key=value.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(atLeast: 1)
        guard arguments.count > 1 || !removeData.isEmpty else { throw CommandFailure.local("Must supply data, such as key=value") }
        guard [nil, "", "patch", "rw"].contains(method) else { throw CommandFailure.local("-method must be patch or rw") }
        var changes = try KeyValueArguments.parse(Array(arguments.dropFirst()), input: session.system.input)
        for key in removeData { changes[key] = .null }
        let target = try await KvTarget.find(arguments[0], in: mount, session: session)
        let path = try target.versionedPath("data")
        let secret = try await session.call("Error writing data to \(path)") { client in
            if method != "rw" {
                let body = KvWriting.body(changes, cas: cas)
                let response = try await client.send(.patch, path, body: .object(body), headers: [.mergePatch])
                if response.status == 404, response.errors.isEmpty { throw CommandFailure.nothing(at: path) }
                // Older servers and policies do not have `patch`.
                if ![403, 405].contains(response.status) || method == "patch" { return try response.checked().secret }
                guard response.status == 403 else { return try await readAndWrite(changes, path: path, session: session) }
                do {
                    return try await readAndWrite(changes, path: path, session: session)
                } catch let error as ClientError where error.status == 403 {
                    // Both ways are refused. The refusal of `patch` is reported.
                    return try response.checked().secret
                }
            }
            return try await readAndWrite(changes, path: path, session: session)
        }
        try KvWriting.report(secret, path: path, field: field, target: target, to: session)
    }

    private func readAndWrite(_ changes: JSONObject, path: String, session: Session) async throws -> Secret? {
        let current = try await session.lookupClient().read(path)?.data
        guard var data = current?["data"]?.objectValue, let version = current?["metadata"]?["version"]?.intValue else {
            throw CommandFailure.nothing(at: path)
        }
        if let cas, cas >= 0, cas != version {
            throw CommandFailure.server(
                "The newest version of \(path) is \(version), not \(cas), because someone else has written it. Read it again.")
        }
        for member in changes {
            // Assigning nil would set the member to null instead of removing it.
            data[member.key] = member.value.isNull ? Optional<JSON>.none : member.value
        }
        return try await session.client().write(path, KvWriting.body(data, cas: version))
    }
}
