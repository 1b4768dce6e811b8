import HummingbirdCore
package import Logging
package import NIOCore
import ServiceLifecycle
import Glibc

/// One listener as a service: Hummingbird accepts the connections and lets them finish at shutdown.
package struct HTTPListener: Service {
    package let settings: ListenerSettings
    private let shell: Shell
    private let group: any EventLoopGroup
    private let logger: Logger
    private let tls: TLSIdentity?
    private let onListening: @Sendable (SocketAddress?) async -> Void

    /// Reads the TLS files, so that what is wrong with them is known before anything listens.
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

    /// Gives new connections the certificate that is in the files now.
    package func reloadTLS() throws(TLSSettingsError) { try tls?.reload() }

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
    package var description: String { "listener \(settings.address)" }
}

/// The address cannot be listened on.
package struct ListeningError: Error, Sendable, CustomStringConvertible {
    package var address: ListenerSettings.Address
    package var errorNumber: CInt

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
