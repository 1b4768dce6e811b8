internal import ArgumentParser
internal import CofferClient
internal import Syntax

struct TokenRevoke: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Ends a token and the tokens made with it.")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(name: .customLong("self"), help: "End the token that makes this request.") var own = false
    @Flag(help: "The argument is an accessor.") var accessor = false
    @Option(help: "orphan ends the token alone: those made with it live on.") var mode: String?
    @Argument(help: ArgumentHelp("The token, or with -accessor its accessor.", valueName: "token")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        guard [nil, "", "orphan"].contains(mode) else { throw CommandFailure.local("-mode takes orphan") }
        try arguments.expect(own ? 0 : 1)
        let isOrphaning = mode == "orphan"
        if accessor, isOrphaning || own { throw CommandFailure.local("-accessor cannot be used with -mode or -self") }
        let (path, body): (String, JSONObject)
        if own {
            guard !isOrphaning else { throw CommandFailure.local("-self cannot be used with -mode") }
            (path, body) = ("auth/token/revoke-self", JSONObject())
        } else {
            let text = ArgumentText.trimmed(arguments[0])
            path = accessor ? "auth/token/revoke-accessor" : isOrphaning ? "auth/token/revoke-orphan" : "auth/token/revoke"
            body = accessor ? ["accessor": .string(text)] : ["token": .string(text)]
        }
        try await session.call("Error revoking token") { [body] in try await $0.request(.post, path, body: .object(body)) }
        session.console.output("Success! Revoked token (if it existed)")
    }
}
