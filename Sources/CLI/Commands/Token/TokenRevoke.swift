internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer token revoke`.
struct TokenRevoke: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer token revoke [options] [<token>]", "Revoke a token and the tokens that it created.",
        examples: "coffer token revoke coffer.s.…", "coffer token revoke -accessor ACCESSOR", "coffer token revoke -self",
        "coffer token revoke -mode=path auth/userpass/login/ann      # all tokens of this login")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(name: .customLong("self"), help: "Revoke your own token.") var own = false
    @Flag(help: "The argument is an accessor instead of a token.") var accessor = false
    @Option(
        help: .init(
            "orphan (only the token, not those that it created) or path (all tokens that a login path issued).", valueName: "mode"))
    var mode: String?
    @Argument(help: .init("The token, or with -accessor its accessor.", valueName: "token")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        guard [nil, "", "orphan", "path"].contains(mode) else { throw CommandFailure.local("-mode must be orphan or path") }
        if arguments.isEmpty, !own, mode != "path" {
            throw CommandFailure.arguments(
                "Give the token to revoke, or its accessor with -accessor; -self revokes your own token", missing: nil)
        }
        try arguments.expect(own ? 0 : 1)
        let isOrphaning = mode == "orphan"
        let hasMode = mode.unlessEmpty != nil
        if accessor, hasMode || own { throw CommandFailure.local("-accessor cannot be used with -mode or -self") }
        if mode == "path", !own { return try await revokePath(session) }
        let (path, body): (String, JSONObject)
        if own {
            guard !hasMode else { throw CommandFailure.local("-self cannot be used with -mode") }
            (path, body) = ("auth/token/revoke-self", JSONObject())
        } else {
            let text = ArgumentText.trimmed(arguments[0])
            let plain = isOrphaning ? "auth/token/revoke-orphan" : "auth/token/revoke"
            path = accessor ? "auth/token/revoke-accessor" : plain
            body = accessor ? ["accessor": .string(text)] : ["token": .string(text)]
        }
        try await session.call("Error revoking token") { [body] in try await $0.request(.post, path, body: .object(body)) }
        try session.printer.success("Success! Revoked token (if it existed)")
    }

    private func revokePath(_ session: Session) async throws {
        let path = try ArgumentText.requiredPath(arguments[0])
        try await session.call("Error revoking the tokens of \(path)") {
            try await $0.request(.put, "sys/leases/revoke-prefix/" + path, body: ["sync": true])
        }
        try session.printer.success("Success! Revoked the tokens that \(path) issued (if there were any)")
    }
}
