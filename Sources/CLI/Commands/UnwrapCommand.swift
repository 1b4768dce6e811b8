internal import ArgumentParser
internal import CofferClient
internal import Syntax

struct UnwrapCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "unwrap", abstract: "Takes the answer that a wrapping token stands for.",
        discussion: """
            coffer unwrap hvs.…
            coffer unwrap -field=secret_id hvs.…
            Without an argument the session's own token is the wrapping token. An answer can be taken once.
            """)
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: "Print this field alone.") var field: String?
    @Argument(help: ArgumentHelp("The wrapping token.", valueName: "token")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(0...1)
        let response: ClientResponse
        do {
            response = try await unwrap(session)
        } catch let error as ClientError {
            throw session.failure(error, doing: "Error unwrapping")
        }
        if response.secret == nil { throw CommandFailure.local("Could not find wrapped response") }
        try Answer(response).write(to: session, path: "sys/wrapping/unwrap", field: field)
    }

    /// Whoever has no token of its own asks with the wrapping token itself.
    private func unwrap(_ session: Session) async throws -> ClientResponse {
        let path = "sys/wrapping/unwrap"
        guard let wrapping = arguments.first.map(ArgumentText.trimmed), !wrapping.isEmpty, wrapping != session.token else {
            return try await session.client().request(.put, path)
        }
        guard session.token != nil else { return try await session.client(token: wrapping).request(.put, path) }
        return try await session.client().request(.put, path, body: ["token": .string(wrapping)])
    }
}
