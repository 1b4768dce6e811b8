internal import ArgumentParser
internal import CofferClient
internal import NIOCore
internal import Synchronization
internal import Syntax

/// One command's dealings with the server and the terminal.
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
        // One command is one connection: more threads would only cost their start.
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
            system.console.error("WARNING! \(variable) is set and has no effect: this program does not know it.")
        }
        printsPolicy = global.outputPolicy
        holding = global.outputCurlString || global.outputPolicy ? HoldingTransport() : nil
    }

    /// Variables of Vault's client that would change what is sent, or when, and are not supported.
    private static let unsupported = ["SRV_LOOKUP", "RATE_LIMIT"]

    var console: Console { system.console }

    /// Whether answers are to come wrapped.
    var wrapsAnswers: Bool { configuration.wrapTTL != nil }

    var format: OutputFormat { printer.format }

    /// From the environment or the token file.
    var token: String? { configuration.token }

    /// The request that would have been sent, with -output-curl-string or -output-policy.
    var heldRequest: ClientRequest? { holding?.request }

    /// Prints it as was asked.
    func describe(_ request: ClientRequest) async throws {
        guard printsPolicy else { return console.output(CurlText(configuration: configuration).text(request)) }
        console.output(await PolicyText(request).text(asking: self))
    }

    /// A client that really asks, even with -output-curl-string or -output-policy, and whose answers are not wrapped: for the look-ups that
    /// shape the command's own request.
    func lookupClient() throws(ClientError) -> CofferClient {
        var client = try openClient()
        client.configuration.wrapTTL = nil
        return client
    }

    /// The same client, its answers as they are: for what a command itself has to know.
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

    func client() throws(ClientError) -> CofferClient {
        guard let holding else { return try openClient() }
        return try CofferClient(configuration: configuration, transport: holding)
    }

    /// A client that speaks with another token, or with none.
    func client(token: String?, isWrapped: Bool = true) throws(ClientError) -> CofferClient {
        var other = configuration
        other.token = token
        if !isWrapped { other.wrapTTL = nil }
        if let holding { return try CofferClient(configuration: other, transport: holding) }
        return try newClient(other)
    }

    /// Runs calls of the API; their failure reads "`doing`: what the server said".
    @discardableResult
    func call<Value>(_ doing: String, _ body: (CofferClient) async throws -> Value) async throws -> Value {
        do {
            return try await body(client())
        } catch let error as ClientError {
            throw failure(error, doing: doing)
        }
    }

    func failure(_ error: ClientError, doing: String) -> CommandFailure {
        CommandFailure(error, doing: doing, sentToken: configuration.token != nil)
    }

    /// Whether there is somebody to ask.
    var canAsk: Bool { isInteractive && system.askHidden != nil }

    /// A secret from the terminal.
    /// - Parameter keepsSpaces: for a password, which may begin or end with one.
    func askHidden(_ name: String, instead: String, keepsSpaces: Bool = false) throws(CommandFailure) -> String {
        guard isInteractive, let ask = system.askHidden else {
            throw .local("There is no terminal to ask for the \(name) on: \(instead)")
        }
        switch ask("\(name) (not shown): ") {
        case .interrupted: throw .quiet(130)
        case .text(let text):
            let answer = keepsSpaces ? String(text.trimmingUTF8 { $0 == 0x0A || $0 == 0x0D }) : ArgumentText.trimmed(text)
            guard !answer.isEmpty else { throw .local("No \(name) was given") }
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
        // An empty flag takes away what a variable says.
        namespace = (global.namespace ?? namespace).unlessEmpty
        if let ttl = global.wrapTTL {
            guard ttl.isEmpty || DurationText.seconds(ttl) != nil else { throw .local("-wrap-ttl must be a duration such as 60s") }
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
