internal import ArgumentParser
internal import CofferClient
internal import Syntax

struct WriteCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "write", abstract: "Write data to a path.",
        usage: "coffer write [options] <path> [<key=value> ...]",
        discussion: """
            A value may be @file, or - for the standard input; @file.json alone is a whole body.

            Examples:
              $ coffer write auth/token/roles/app period=24h
              $ coffer write -f sys/rotate
              $ coffer write identity/entity @entity.json
            """)
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(name: [.long, .customShort("f")], help: "Write without any data.") var force = false
    @Option(help: "Print this field of the answer alone.") var field: String?
    @Argument(help: ArgumentHelp("The path, then key=value.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(atLeast: 1)
        guard arguments.count > 1 || force else { throw CommandFailure.local("Must supply data or use -force") }
        let path = try ArgumentText.requiredPath(arguments[0])
        let data = try KeyValueArguments.parse(Array(arguments.dropFirst()), input: session.system.input)
        let response = try await session.call("Error writing data to \(path)") {
            // Wrapping data is the whole point there, so it has a life of its own when none is asked for.
            let asksLife = $0.configuration.wrapTTL != nil || path != "sys/wrapping/wrap"
            return try await $0.request(
                .put, path, body: .object(data), headers: asksLife ? [] : [HeaderItem("X-Vault-Wrap-TTL", "5m")])
        }
        guard !response.body.isEmpty else {
            if field.unlessEmpty != nil { throw CommandFailure.local("No data was returned, so there is no field to print") }
            try session.printer.success("Success! Data written to: \(path)")
            return
        }
        try Answer(response).write(to: session, path: path, field: field)
    }
}
