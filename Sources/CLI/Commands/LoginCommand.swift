internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer login`.
struct LoginCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer login [options] [<token> | <key=value> ...]", "Log in and save the token for later commands.",
        notes: "The token is saved in ~/.coffer-token, which only its owner can read. `coffer auth help METHOD` explains a method.",
        examples: "coffer login                                       # asks for a token",
        "coffer login -                                     # reads it from the standard input",
        "coffer login -method=userpass username=ann         # asks for the password",
        "coffer login -method=approle role_id=… secret_id=…",
        "coffer login -method=oidc                          # opens a browser")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(
        help: .init("The auth method: token, userpass, approle, cert, github, jwt, kubernetes, ldap or oidc.", valueName: "name"))
    var method = "token"
    @Option(help: .init("The mount of the auth method. (default: its name)", valueName: "path")) var path: String?
    @Option(help: "Print only this field of the answer.") var field: String?
    @Flag(help: "Do not save the token.") var noStore = false
    @Flag(help: "Print nothing.") var noPrint = false
    @Flag(help: "Print only the token, and do not save it.") var tokenOnly = false
    @Argument(
        help: .init(
            "The token, or the method's parameters as key=value. It is safer to let the command ask for secrets.",
            valueName: "token"))
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
            throw CommandFailure.server("The server's answer does not contain a token")
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
                "Unknown auth method: \(name). This version supports: \(LoginMethods.names.joined(separator: ", ")).\n\n"
                    + "Use `coffer write auth/PATH/login …` for other methods.")
        }
        let mount = try path.unlessEmpty.map { try ArgumentText.requiredPath($0) } ?? name
        let values = try KeyValueArguments.parse(arguments, input: session.system.input)
        do {
            if let secret = try await login.logIn(values, mount: mount, session) { return secret }
            let request = try login.request(values, session)
            // A login needs no token, and sending one could use up one of its uses.
            let response = try await session.client(token: nil)
                .request(.put, "auth/\(mount)/\(request.path)", body: .object(request.body))
            guard let secret = response.secret else { throw ClientError(.invalidResponse, "the answer does not contain a token") }
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
        text = text.rest(after: "token=") ?? text
        text = ArgumentText.trimmed(text)
        guard !text.isEmpty else { throw .local("The token is empty") }
        return text
    }

    /// Looks a token up and returns it in the form of a login's answer.
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
        guard let secret = Secret(envelope) else { throw ClientError(.invalidResponse, "the answer does not contain a token") }
        return secret
    }

    // MARK: Saving and printing the token

    /// Prints a wrapped login. Its token is not known until it is unwrapped, so it cannot be saved.
    private func report(wrapped secret: Secret, _ session: Session) throws {
        if noPrint { return }
        try session.printer.secret(secret, field: tokenOnly ? "wrapping_token" : field.unlessEmpty)
    }

    private func store(_ token: String, _ session: Session) throws(CommandFailure) {
        guard let file = TokenFile(environment: session.system.environment) else {
            throw .local("Cannot save the token, because HOME is not set. Use -no-store.")
        }
        try file.store(token)
        if let variable = EnvironmentSettings(session.system.environment).variable("TOKEN") {
            session.console.error(
                "WARNING! \(variable) is set and takes precedence over the saved token. Unset it to use the new token.\n\n")
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
