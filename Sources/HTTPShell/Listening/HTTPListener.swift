import HummingbirdCore
package import Logging
package import NIOCore
import ServiceLifecycle
import Glibc

/// A listener as a service. Hummingbird accepts its connections and lets them finish at shutdown.
package struct HTTPListener: Service {
    /// The settings of the listener.
    package let settings: ListenerSettings
    private let shell: Shell
    private let group: any EventLoopGroup
    private let logger: Logger
    private let tls: TLSIdentity?
    private let onListening: @Sendable (SocketAddress?) async -> Void

    /// Creates a listener and reads its TLS files, so that faults in them are found before anything listens.
    ///
    /// - Parameters:
    ///   - settings: The settings of the listener.
    ///   - shell: The dialects and the count of requests that all listeners share.
    ///   - group: The event loops of the connections.
    ///   - logger: The logger of the listener.
    ///   - onListening: Called with the bound address when the listener accepts connections.
    /// - Throws: `TLSSettingsError` if the certificate, the key or the settings cannot be used.
    package init(
        settings: ListenerSettings, shell: Shell, group: any EventLoopGroup, logger: Logger,
        onListening: @escaping @Sendable (SocketAddress?) async -> Void = { _ in }
    ) throws(TLSSettingsError) {
        self.settings = settings
        self.shell = shell
        self.group = group
        self.logger = logger
        self.onListening = onListening
        if let tls = settings.tls { self.tls = try TLSIdentity(tls) } else { tls = nil }
    }

    /// Reads the TLS files again. New connections use their content; open connections keep what they have.
    ///
    /// - Throws: `TLSSettingsError` if the files cannot be used. The listener then keeps the previous certificate.
    package func reloadTLS() throws(TLSSettingsError) { try tls?.reload() }

    /// Reads the TLS files again if they have changed and `tls_auto_reload` is on. Called once a second.
    ///
    /// - Returns: Whether a new certificate is in use.
    /// - Throws: `TLSSettingsError` if the files cannot be used. The listener then keeps the previous certificate.
    package func reloadTLSIfChanged() throws(TLSSettingsError) -> Bool {
        guard let tls, tls.settings.reloadsChangedFiles else { return false }
        return try tls.reloadIfChanged()
    }

    /// Accepts connections until the service is shut down.
    package func run() async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let channel = ListenerChannel(shell: shell, settings: settings, tls: tls)
        let configuration = HummingbirdCore.ServerConfiguration(
            address: settings.address.bindAddress, backlog: 1_024,
            availableConnectionsDelegate: MaximumAvailableConnections(settings.limits.connectionsMax, logger: quiet))
        let settings = settings
        let onListening = onListening
        let server = channel.server(
            configuration: configuration,
            onServerRunning: { channel in
                if case .unix(let path, let mode?) = settings.address { chmod(path, mode) }
                await onListening(channel.localAddress)
            },
            eventLoopGroup: group, logger: quiet)
        do {
            try await server.run()
        } catch let error as IOError {
            throw ListeningError(address: settings.address, errorNumber: error.errnoCode)
        }
    }
}

extension HTTPListener: CustomStringConvertible {
    /// The address of the listener.
    package var description: String { "listener \(settings.address)" }
}

/// A listener cannot use its address.
package struct ListeningError: Error, Sendable, CustomStringConvertible {
    /// The address of the listener.
    package var address: ListenerSettings.Address
    /// The number of the system's error, such as `EADDRINUSE`.
    package var errorNumber: CInt

    /// The address and the reason.
    package var description: String { "cannot listen on \(address): \(String(cString: strerror(errorNumber)))" }
}

extension ListenerSettings.Address {
    fileprivate var bindAddress: BindAddress {
        switch self {
        case .tcp(let host, let port): .hostname(host, port: port)
        case .unix(let path, _): .unixDomainSocket(path: path)
        }
    }
}
