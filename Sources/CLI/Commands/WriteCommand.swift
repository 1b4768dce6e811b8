internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer write`.
struct WriteCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer write [options] <path> [<key=value> ...]", "Write data to a path.",
        notes: "The value @file reads a file, and - reads the standard input. @file.json without a key is the whole body.",
        examples: "coffer write auth/token/roles/app period=24h", "coffer write -f sys/rotate",
        "coffer write identity/entity @entity.json")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(name: [.long, .customShort("f")], help: "Write without any data.") var force = false
    @Option(help: "Print only this field of the answer.") var field: String?
    @Argument(help: .init("The path, then key=value.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(atLeast: 1)
        guard arguments.count > 1 || force else { throw CommandFailure.local("Must supply data, such as key=value, or use -force") }
        let path = try ArgumentText.requiredPath(arguments[0])
        let data = try KeyValueArguments.parse(Array(arguments.dropFirst()), input: session.system.input)
        let response = try await session.call("Error writing data to \(path)") {
            // `sys/wrapping/wrap` always wraps, so it needs a TTL even without -wrap-ttl.
            let hasTTL = $0.configuration.wrapTTL != nil || path != "sys/wrapping/wrap"
            return try await $0.request(
                .put, path, body: .object(data), headers: hasTTL ? [] : [HeaderItem("X-Vault-Wrap-TTL", "5m")])
        }
        guard !response.body.isEmpty else {
            if field.unlessEmpty != nil { throw CommandFailure.local("The server returned no data, so there is no field to print") }
            try session.printer.success("Success! Data written to: \(path)")
            return
        }
        try Answer(response).write(to: session, path: path, field: field)
    }
}
