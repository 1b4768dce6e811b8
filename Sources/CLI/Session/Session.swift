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
    private let curl: CurlTransport?
    private let opened = Mutex<CofferClient?>(nil)

    init(system: System, global: GlobalOptions) throws {
        self.system = system
        // One command is one connection: more threads would only cost their start.
        if system.transport == nil { NIOSingletons.groupLoopCountSuggestion = 1 }
        let environment = EnvironmentSettings(system.environment)
        let format = try OutputFormat(named: global.format ?? environment["FORMAT"] ?? "table")
        printer = Printer(format: format, console: system.console)
        isInteractive = !global.nonInteractive
        var configuration = try ClientConfiguration(environment: system.environment)
        try configuration.apply(global)
        if configuration.token == nil { configuration.token = TokenFile(environment: system.environment)?.read() }
        self.configuration = configuration
        curl = global.outputCurlString ? CurlTransport(configuration: configuration) : nil
    }

    var console: Console { system.console }

    var format: OutputFormat { printer.format }

    /// From the environment or the token file.
    var token: String? { configuration.token }

    /// The request that would have been sent, with -output-curl-string.
    var curlText: String? { curl?.text }

    /// A client that really asks, even with -output-curl-string, and whose answers are not wrapped: for the look-ups that
    /// shape the command's own request.
    func lookupClient() throws(ClientError) -> CofferClient {
        var client = try openClient()
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
        guard let curl else { return try openClient() }
        return try CofferClient(configuration: configuration, transport: curl)
    }

    /// A client that speaks with another token, or with none.
    func client(token: String?, isWrapped: Bool = true) throws(ClientError) -> CofferClient {
        var other = configuration
        other.token = token
        if !isWrapped { other.wrapTTL = nil }
        if let curl { return try CofferClient(configuration: other, transport: curl) }
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
    func askHidden(_ name: String, instead: String) throws(CommandFailure) -> String {
        guard isInteractive, let ask = system.askHidden else {
            throw .local("There is no terminal to read the \(name) from: \(instead)")
        }
        switch ask("\(name) (will be hidden): ") {
        case .interrupted: throw .quiet(130)
        case .text(let text):
            let trimmed = ArgumentText.trimmed(text)
            guard !trimmed.isEmpty else { throw .local("No \(name) was given") }
            return trimmed
        }
    }

    private func newClient(_ configuration: ClientConfiguration) throws(ClientError) -> CofferClient {
        if let transport = system.transport { return try CofferClient(configuration: configuration, transport: transport) }
        return try CofferClient(configuration: configuration)
    }
}

extension ClientConfiguration {
    fileprivate mutating func apply(_ global: GlobalOptions) throws(CommandFailure) {
        if let address = global.address { self.address = address }
        tls.authorityFile = global.caCert ?? tls.authorityFile
        tls.authorityDirectory = global.caPath ?? tls.authorityDirectory
        tls.certificateFile = global.clientCert ?? tls.certificateFile
        tls.keyFile = global.clientKey ?? tls.keyFile
        tls.serverName = global.tlsServerName ?? tls.serverName
        if global.tlsSkipVerify { tls.skipVerify = true }
        namespace = global.namespace ?? namespace
        if let ttl = global.wrapTTL {
            guard DurationText.seconds(ttl) != nil else { throw .local("-wrap-ttl must be a duration such as 60s") }
            wrapTTL = ttl
        }
        for text in global.header {
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw .local("-header must have the form key=value")
            }
            headers.append(HeaderItem(String(text[..<equals]), String(text[text.index(after: equals)...])))
        }
    }
}
