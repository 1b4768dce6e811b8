internal import ArgumentParser
internal import CofferClient
internal import Syntax

struct UnwrapCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "unwrap", abstract: "Read what a wrapping token holds. It works once.",
        usage: "coffer unwrap [options] [<token>]",
        discussion: """
            Examples:
              $ coffer unwrap coffer.s.…   # the token as an argument
              $ coffer unwrap -            # reads it from the standard input
              $ coffer unwrap              # the token that commands send is the wrapping token
            """)
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: "Print this field alone.") var field: String?
    @Argument(help: ArgumentHelp("The wrapping token.", valueName: "token")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0...1)
        var wrapping = arguments.first
        if wrapping == "-" { wrapping = try session.system.input.text(of: "-") }
        wrapping = wrapping.map(ArgumentText.trimmed)
        if wrapping?.isEmpty == true { throw CommandFailure.local("The wrapping token may not be empty") }
        // A caller with a token of its own is the one whom the audit shall name; else the wrapping token speaks for itself.
        let own = session.token ?? wrapping
        guard let own else {
            throw CommandFailure.local(
                "Name the wrapping token: `coffer unwrap TOKEN`, or `coffer unwrap -` to read it from the standard input")
        }
        var body = JSONObject()
        if let wrapping, wrapping != own { body["token"] = .string(wrapping) }
        let response: ClientResponse
        do {
            // Never wrapped again: -wrap-ttl has no meaning here.
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
