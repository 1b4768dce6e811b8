internal import ArgumentParser
internal import CofferClient
internal import Syntax

struct LoginCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "login", abstract: "Log in and save the token for later commands.",
        usage: "coffer login [options] [<token> | <key=value> ...]",
        discussion: """
            The token is saved in ~/.coffer-token, which only its owner may read. `coffer auth help METHOD` tells more.

            Examples:
              $ coffer login                                       # asks for a token
              $ coffer login -                                     # reads it from the standard input
              $ coffer login -method=userpass username=ann         # asks for the password
              $ coffer login -method=approle role_id=… secret_id=…
            """)
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: ArgumentHelp("The auth method: token, userpass or approle.", valueName: "name")) var method = "token"
    @Option(help: ArgumentHelp("Where the auth method is mounted; its name by default.", valueName: "path")) var path: String?
    @Option(help: "Print this field of the answer alone.") var field: String?
    @Flag(help: "Do not keep the token.") var noStore = false
    @Flag(help: "Print nothing.") var noPrint = false
    @Flag(help: "Print the token alone, and do not keep it.") var tokenOnly = false
    @Argument(
        help: ArgumentHelp(
            "The token, or key=value as the method takes them; secrets are better typed when asked for.", valueName: "token"))
    var arguments: [String] = []

    func run(_ session: Session) async throws {
        let field = field.unlessEmpty
        if noPrint, tokenOnly || noStore || field != nil {
            throw CommandFailure.local("-no-print cannot be used with -no-store, -token-only or -field: the token would be lost")
        }
        if tokenOnly, field != nil { throw CommandFailure.local("-token-only cannot be used with -field") }
        let name = ArgumentText.trimmed(method).lowercased()
        let secret = try await name == "token" ? lookUp(session) : logIn(name, session)
        if secret.wrapInfo != nil { return try report(wrapped: secret, session) }
        guard let token = secret.auth?.clientToken, !token.isEmpty else {
            throw CommandFailure.server("The server's answer holds no token")
        }
        if !noStore, !tokenOnly { try store(token, session) }
        if noPrint { return }
        if tokenOnly { return try session.printer.field("token", of: secret) }
        if field == nil, session.printer.isTable { greet(session) }
        try session.printer.secret(secret, field: field)
    }

    // MARK: Methods

    private func logIn(_ name: String, _ session: Session) async throws -> Secret {
        guard let login = LoginMethods.named(name) else {
            throw CommandFailure.local(
                "Unknown auth method: \(name). This version logs in with: \(LoginMethods.names.joined(separator: ", ")).\n\n"
                    + "Others work with `coffer write auth/PATH/login …`.")
        }
        let mount = try path.unlessEmpty.map { try ArgumentText.requiredPath($0) } ?? name
        let values = try KeyValueArguments.parse(arguments, input: session.system.input)
        let request = try login.request(values, session)
        do {
            // Without a token: one of few uses would lose one.
            let response = try await session.client(token: nil)
                .request(.put, "auth/\(mount)/\(request.path)", body: .object(request.body))
            guard let secret = response.secret else { throw ClientError(.invalidResponse, "the answer holds no token") }
            return secret
        } catch let error as ClientError {
            throw CommandFailure(login: error, mount: mount, method: name)
        }
    }

    private func lookUp(_ session: Session) async throws -> Secret {
        try arguments.expect(0...1)
        let token = try readToken(session)
        do {
            return try await Self.lookup(token, session)
        } catch {
            throw CommandFailure(token: error)
        }
    }

    private func readToken(_ session: Session) throws(CommandFailure) -> String {
        guard var text = arguments.first else {
            return try session.askHidden("Token", instead: "give it as `coffer login -` on the standard input")
        }
        if text == "-" { text = try session.system.input.text(of: "-") }
        text = text.rest(behind: "token=") ?? text
        text = ArgumentText.trimmed(text)
        guard !text.isEmpty else { throw .local("The token may not be empty") }
        return text
    }

    /// What the server knows of the token, in the form that other logins answer with.
    private static func lookup(_ token: String, _ session: Session) async throws(ClientError) -> Secret {
        let response = try await session.client(token: token, isWrapped: false).request(.get, "auth/token/lookup-self")
        let data = try response.object()["data"]?.objectValue ?? JSONObject()
        let policies = data["policies"] ?? []
        let auth: JSON = [
            "client_token": .string(token),
            "accessor": data["accessor"] ?? "",
            "policies": .array((policies.arrayValue ?? []) + (data["identity_policies"]?.arrayValue ?? [])),
            "token_policies": policies,
            "identity_policies": data["identity_policies"] ?? .null,
            "metadata": data["meta"] ?? .null,
            "lease_duration": data["ttl"] ?? 0,
            "renewable": data["renewable"] ?? false,
        ]
        let envelope: JSON = [
            "request_id": response.json?["request_id"] ?? "", "lease_id": "", "lease_duration": 0, "renewable": false,
            "data": .null, "warnings": .null, "auth": auth,
        ]
        guard let secret = Secret(envelope) else { throw ClientError(.invalidResponse, "the answer holds no token") }
        return secret
    }

    // MARK: What becomes of the token

    /// With -wrap-ttl the token is in another's hand until it is unwrapped.
    private func report(wrapped secret: Secret, _ session: Session) throws {
        if noPrint { return }
        try session.printer.secret(secret, field: tokenOnly ? "wrapping_token" : field.unlessEmpty)
    }

    private func store(_ token: String, _ session: Session) throws(CommandFailure) {
        guard let file = TokenFile(environment: session.system.environment) else {
            throw .local("HOME is not set, so there is no place to keep the token; use -no-store")
        }
        try file.store(token)
        if let variable = EnvironmentSettings(session.system.environment).variable("TOKEN") {
            session.console.error("WARNING! \(variable) is set and wins over the token just kept; unset it to use the new one.\n\n")
        }
    }

    private func greet(_ session: Session) {
        let kept =
            noStore || tokenOnly
            ? "The token below is not saved: set COFFER_TOKEN to use it."
            : "The token below is saved in ~/.coffer-token; later commands use it."
        session.console.output("Success! You are now logged in. \(kept)\n")
        session.console.outputExactly("\n")
    }
}
