internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer token capabilities`.
struct TokenCapabilities: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer token capabilities [options] [<token>] <path>", "Show what a token may do on a path.",
        notes: "Without a token, the command uses your own.",
        examples: "coffer token capabilities secret/data/app", "coffer token capabilities coffer.s.… secret/data/apis/openai")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(help: "The first argument is an accessor instead of a token.") var accessor = false
    @Argument(help: .init("The token or accessor, then the path.", valueName: "token")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(accessor ? 2...2 : 1...2)
        let path = arguments[arguments.count - 1]
        var body: JSONObject = ["paths": [.string(path)]]
        var route = "sys/capabilities-self"
        if arguments.count == 2 {
            route = accessor ? "sys/capabilities-accessor" : "sys/capabilities"
            body[accessor ? "accessor" : "token"] = .string(ArgumentText.trimmed(arguments[0]))
        }
        let answer = try await session.call("Error listing capabilities") { [route, body] in
            try await $0.request(.post, route, body: .object(body)).object()
        }
        let data = answer["data"]?.objectValue ?? answer
        let names = ((data[path] ?? data["capabilities"])?.arrayValue ?? []).compactMap(\.stringValue).sorted()
        if session.printer.isTable {
            session.console.output(names.joined(separator: ", "))
        } else {
            try session.printer.value(.strings(names))
        }
    }
}
