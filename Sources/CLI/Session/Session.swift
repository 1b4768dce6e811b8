internal import ArgumentParser
internal import CofferClient
internal import NIOCore
internal import Synchronization
internal import Syntax

/// The connection of one command to the server and the terminal.
final class Session: Sendable {
    let system: System
    let printer: Printer
    let isInteractive: Bool
    private let configuration: ClientConfiguration
    private let holding: HoldingTransport?
    private let printsPolicy: Bool
    private let opened = Mutex<CofferClient?>(nil)

    init(system: System, global: GlobalOptions) throws {
        self.system = system
        // A command has one connection, so one event loop is enough.
        if system.transport == nil { NIOSingletons.groupLoopCountSuggestion = 1 }
        let environment = EnvironmentSettings(system.environment)
        let format = try OutputFormat(named: (global.format ?? environment["FORMAT"]).unlessEmpty ?? "table")
        printer = Printer(format: format, console: system.console)
        isInteractive = !global.nonInteractive
        var configuration = try ClientConfiguration(environment: system.environment)
        try configuration.apply(global)
        if configuration.token == nil { configuration.token = TokenFile(environment: system.environment)?.read() }
        self.configuration = configuration
        for name in Self.unsupported {
            guard let variable = environment.variable(name) else { continue }
            system.console.error("WARNING! \(variable) is set, but this program does not support it.")
        }
        printsPolicy = global.outputPolicy
        holding = global.outputCurlString || global.outputPolicy ? HoldingTransport() : nil
    }

    /// Variables of Vault's client that are not supported although they would change what is sent or when.
    private static let unsupported = ["SRV_LOOKUP", "RATE_LIMIT"]

    var console: Console { system.console }

    /// The address of the server.
    var address: String { configuration.address }

    /// Whether the answers are to be wrapped.
    var wrapsAnswers: Bool { configuration.wrapTTL != nil }

    var format: OutputFormat { printer.format }

    /// The token from the environment or the token file, or nil if there is none.
    var token: String? { configuration.token }

    /// The request that would have been sent, if it is to be printed instead.
    var heldRequest: ClientRequest? { holding?.request }

    /// Prints a request as a curl command or as the policy that it needs.
    func describe(_ request: ClientRequest) async throws {
        guard printsPolicy else { return console.output(CurlText(configuration: configuration).text(request)) }
        console.output(await PolicyText(request).text(asking: self))
    }

    /// Returns a client that always sends its requests and whose answers are never wrapped, for lookups that a command needs to build its
    /// own request.
    func lookupClient() throws(ClientError) -> CofferClient {
        unwrapped(try openClient())
    }

    /// Returns the same client without wrapping, for answers that the command itself has to read.
    func unwrapped(_ client: CofferClient) -> CofferClient {
        var client = client
        client.configuration.wrapTTL = nil
        return client
    }

    private func openClient() throws(ClientError) -> CofferClient {
        try opened.withLock { opened throws(ClientError) in
            if let opened { return opened }
            let client = try newClient(configuration)
            opened = client
            return client
        }
    }

    /// Returns the client for the command's own requests.
    func client() throws(ClientError) -> CofferClient {
        guard let holding else { return try openClient() }
        return try CofferClient(configuration: configuration, transport: holding)
    }

    /// Returns a client with another token, or with none.
    func client(token: String?, isWrapped: Bool = true) throws(ClientError) -> CofferClient {
        var other = configuration
        other.token = token
        if !isWrapped { other.wrapTTL = nil }
        if let holding { return try CofferClient(configuration: other, transport: holding) }
        return try newClient(other)
    }

    /// Runs a request of the command. If it fails, the message begins with `doing`, such as "Error reading secret/data/app".
    @discardableResult
    func call<Value>(_ doing: String, _ body: (CofferClient) async throws -> Value) async throws -> Value {
        do {
            return try await body(client())
        } catch let error as ClientError {
            throw failure(error, doing: doing)
        }
    }

    /// Returns the failure of a request for the user.
    func failure(_ error: ClientError, doing: String) -> CommandFailure {
        CommandFailure(error, doing: doing, sentToken: configuration.token != nil)
    }

    /// Whether the user can be asked for a secret.
    var canAsk: Bool { isInteractive && system.askHidden != nil }

    /// Asks the user for a secret on the terminal.
    ///
    /// - Parameters:
    ///   - name: The name of the secret, such as `Password`.
    ///   - instead: How to give the secret without a terminal, for the error message.
    ///   - keepsSpaces: Whether spaces around the secret are kept, for passwords.
    func askHidden(_ name: String, instead: String, keepsSpaces: Bool = false) throws(CommandFailure) -> String {
        guard isInteractive, let ask = system.askHidden else {
            throw .local("Cannot ask for the \(name) without a terminal: \(instead)")
        }
        switch ask("\(name) (not shown): ") {
        case .interrupted: throw .quiet(130)
        case .text(let text):
            let answer = keepsSpaces ? String(text.trimmingUTF8 { $0 == 0x0A || $0 == 0x0D }) : ArgumentText.trimmed(text)
            guard !answer.isEmpty else { throw .local("The \(name) is empty") }
            return answer
        }
    }

    private func newClient(_ configuration: ClientConfiguration) throws(ClientError) -> CofferClient {
        if let transport = system.transport { return try CofferClient(configuration: configuration, transport: transport) }
        return try CofferClient(configuration: configuration)
    }
}

extension ClientConfiguration {
    fileprivate mutating func apply(_ global: GlobalOptions) throws(CommandFailure) {
        if let address = global.agentAddress.unlessEmpty ?? global.address.unlessEmpty { self.address = address }
        if global.caCert != nil { tls.authorityText = nil }
        tls.authorityFile = (global.caCert ?? tls.authorityFile).unlessEmpty
        tls.authorityDirectory = (global.caPath ?? tls.authorityDirectory).unlessEmpty
        tls.certificateFile = (global.clientCert ?? tls.certificateFile).unlessEmpty
        tls.keyFile = (global.clientKey ?? tls.keyFile).unlessEmpty
        tls.serverName = (global.tlsServerName ?? tls.serverName).unlessEmpty
        if global.tlsSkipVerify { tls.skipVerify = true }
        if global.disableRedirects { followsRedirects = false }
        // An empty flag overrides a variable.
        namespace = (global.namespace ?? namespace).unlessEmpty
        if let ttl = global.wrapTTL {
            guard ttl.isEmpty || DurationText.seconds(ttl) != nil else { throw .local("-wrap-ttl must be a duration, such as 60s") }
            wrapTTL = ttl.isEmpty ? nil : ttl
        }
        for text in global.mfa { headers.append(HeaderItem("X-Vault-MFA", text)) }
        if global.policyOverride { headers.append(HeaderItem("X-Vault-Policy-Override", "true")) }
        for text in global.header {
            guard let (name, value) = text.cut(at: "="), !name.isEmpty else { throw .local("-header must have the form key=value") }
            headers.append(HeaderItem(name, value))
        }
    }
}
