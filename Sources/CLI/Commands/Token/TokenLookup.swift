internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer token lookup`.
struct TokenLookup: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer token lookup [options] [<token>]", "Show a token's policies, TTL and metadata.",
        notes: "Without a token, the command uses your own.",
        examples: "coffer token lookup", "coffer token lookup -accessor ACCESSOR")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(help: "The argument is an accessor instead of a token.") var accessor = false
    @Option(help: "Print only this field.") var field: String?
    @Argument(help: .init("The token, or with -accessor its accessor.", valueName: "token")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(accessor ? 1...1 : 0...1)
        let path: String
        var body: JSON?
        if let text = arguments.first.map(ArgumentText.trimmed) {
            path = accessor ? "auth/token/lookup-accessor" : "auth/token/lookup"
            body = accessor ? ["accessor": .string(text)] : ["token": .string(text)]
        } else {
            path = "auth/token/lookup-self"
        }
        let response = try await session.call("Error looking up token") { [body] in
            try await $0.request(body == nil ? .get : .post, path, body: body)
        }
        try Answer(response).write(to: session, path: path, field: field)
    }
}
