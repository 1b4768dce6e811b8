internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer token renew`.
struct TokenRenew: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer token renew [options] [<token>]", "Renew a token's TTL.",
        notes: "Without a token, the command uses your own.",
        examples: "coffer token renew", "coffer token renew -increment=1h coffer.s.…")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(help: "The argument is an accessor instead of a token.") var accessor = false
    @Option(name: [.long, .customLong("i")], help: .init("The lifetime to request, from now.", valueName: "duration"))
    var increment: String?
    @Option(help: "Print only this field.") var field: String?
    @Argument(help: .init("The token, or with -accessor its accessor.", valueName: "token")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(accessor ? 1...1 : 0...1)
        var body = JSONObject()
        let path: String
        if let text = arguments.first.map(ArgumentText.trimmed) {
            path = accessor ? "auth/token/renew-accessor" : "auth/token/renew"
            body[accessor ? "accessor" : "token"] = .string(text)
        } else {
            path = "auth/token/renew-self"
        }
        body["increment"] = try ArgumentText.duration(increment, flag: "increment")
        let response = try await session.call("Error renewing token") { [body] in
            try await $0.request(.post, path, body: .object(body))
        }
        try Answer(response).write(to: session, path: path, field: field)
    }
}
