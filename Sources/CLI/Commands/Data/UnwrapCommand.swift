internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer unwrap`.
struct UnwrapCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer unwrap [options] [<token>]", "Read the secret behind a wrapping token. This works once.",
        examples: "coffer unwrap coffer.s.…   # takes the token as an argument",
        "coffer unwrap -            # reads the token from the standard input",
        "coffer unwrap              # uses the token that commands send")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: "Print only this field.") var field: String?
    @Argument(help: .init("The wrapping token.", valueName: "token")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0...1)
        var wrapping = arguments.first
        if wrapping == "-" { wrapping = try session.system.input.text(of: "-") }
        wrapping = wrapping.map(ArgumentText.trimmed)
        if wrapping?.isEmpty == true { throw CommandFailure.local("The wrapping token is empty") }
        // With a token of the caller the audit log names the caller. Otherwise the wrapping token authenticates the request.
        let own = session.token ?? wrapping
        guard let own else {
            throw CommandFailure.local(
                "Give the wrapping token: `coffer unwrap TOKEN`, or `coffer unwrap -` to read it from the standard input")
        }
        var body = JSONObject()
        if let wrapping, wrapping != own { body["token"] = .string(wrapping) }
        let response: ClientResponse
        do {
            // The answer is not wrapped again, even with -wrap-ttl.
            response = try await session.client(token: own, isWrapped: false)
                .request(.put, "sys/wrapping/unwrap", body: .object(body))
        } catch {
            throw CommandFailure(unwrapping: error)
        }
        guard !response.body.isEmpty else {
            if field.unlessEmpty != nil { throw CommandFailure.local("Nothing was wrapped, so there is no field to print") }
            return try session.printer.success("Successfully unwrapped. There was no data in the wrapped secret.")
        }
        try Answer(response).write(to: session, path: "sys/wrapping/unwrap", field: field)
    }
}
