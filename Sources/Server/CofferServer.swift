import Foundation
import HTTPShell
import Logging
import NIOCore
import NIOPosix
import SecretMemory
import ServiceAPI
import ServiceLifecycle
import ServiceRules
import UnixSignals

/// A whole server: reads its configuration, creates the rooms, listens, and shuts down in order.
package struct CofferServer: Sendable {
    private let options: ServerOptions
    private let configuration: ServerConfiguration
    private let logs: LogStream

    /// How long requests in progress may take after the server is told to stop, in seconds.
    private static let drainSecondsMax = 25
    /// The time from the signal to the end of the process at the latest, in seconds.
    private static let shutdownSecondsMax = 40

    /// Reads and checks the configuration. Nothing is opened yet.
    package init(_ options: ServerOptions) throws(ConfigurationError) {
        self.options = options
        configuration = try ServerConfiguration.load(options)
        logs = LogStream(format: configuration.logFormat, level: configuration.logLevel)
    }

    /// Serves until SIGTERM or SIGINT. SIGHUP reads certificates, log level and audit files again.
    package func run() async throws {
        let logger = logs.logger("server")
        StartReport(options: options, configuration: configuration, logger: logger).begin()
        for notice in configuration.notices { logger.warning("configuration: \(notice)") }
        prepareProcess(logger)
        let pidFile = try configuration.pidFile.map { path throws(ConfigurationError) in try PIDFile(path) }
        defer { pidFile?.remove() }

        let limit = ShutdownLimit(seconds: Self.shutdownSecondsMax, logger: logger)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        let composition = try await Composition(configuration, logs, engines: options.engines)
        do {
            let listeners = try makeListeners(composition, group, logger: logger)
            try await serve(composition, listeners, logger: logger)
        } catch {
            await composition.close()
            throw error
        }
        await composition.close()
        try? await group.shutdownGracefully()
        withExtendedLifetime(limit) {}
        logger.info("stopped")
    }

    private func prepareProcess(_ logger: Logger) {
        if !ProcessHardening.forbidInspection() { logger.warning("the system did not allow to forbid core dumps and tracing") }
        if configuration.locksMemory, !ProcessHardening.lockMemory() {
            logger.warning("memory could not be locked; raise the memory-lock limit (RLIMIT_MEMLOCK), or set disable_mlock = true")
        }
        OpenFiles.raiseLimit()
    }

    private func makeListeners(
        _ composition: Composition, _ group: any EventLoopGroup, logger: Logger
    ) throws -> [HTTPListener] {
        let shell = Shell(
            dialects: composition.dialects, capacity: configuration.capacity, logger: logs.logger("http"))
        let toAnnounce = Countdown(configuration.listeners.count)
        return try configuration.listeners.map { settings in
            try HTTPListener(settings: settings, shell: shell, group: group, logger: logs.logger("http")) { address in
                let shown = address.map { "\($0.ipAddress ?? $0.pathname ?? ""):\($0.port ?? 0)" } ?? "\(settings.address)"
                logger.info("listening", metadata: ["address": "\(shown)", "tls": settings.tls == nil ? "off" : "on"])
                if toAnnounce.countDown() { announce(composition) }
            }
        }
    }

    /// Prints to standard output, which is for people; the log is written to standard error.
    private func announce(_ composition: Composition) {
        guard !composition.announcement.isEmpty else { return }
        FileHandle.standardOutput.write(Data((composition.announcement.joined(separator: "\n") + "\n").utf8))
    }

    private func serve(_ composition: Composition, _ listeners: [HTTPListener], logger: Logger) async throws {
        let reload = ReloadService { await self.reload(composition, listeners, logger: logger) }
        let watch = EverySecond { _ in reloadChangedCertificates(of: listeners, logger: logger) }
        // They end in the opposite order: the listeners first, so that what they accepted still finds its rooms.
        var group = ServiceGroupConfiguration(
            services: composition.services.map { .init(service: $0) } + [.init(service: reload), .init(service: watch)]
                + listeners.map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logs.logger("lifecycle"))
        group.maximumGracefulShutdownDuration = .seconds(Self.drainSecondsMax)
        try await ServiceGroup(configuration: group).run()
    }

    /// Takes certificates into use whose files have changed.
    private func reloadChangedCertificates(of listeners: [HTTPListener], logger: Logger) {
        for listener in listeners {
            let address: Logger.Metadata = ["address": "\(listener.settings.address)"]
            do throws(TLSSettingsError) {
                guard try listener.reloadTLSIfChanged() else { continue }
                logger.info("the certificate files have changed; new connections use them", metadata: address)
            } catch {
                logger.error(
                    "the certificate files have changed, but the old certificate stays in use: \(error)", metadata: address)
            }
        }
    }

    /// Whether there is a Service API at all is settled at the start.
    private func reloadServices(_ composition: Composition, _ fresh: ServerConfiguration) throws(ConfigurationError) {
        guard let services = composition.serviceAPI else { return }
        try ConfigurationError.wrapping { try services.directory.replace(fresh.services?.accounts ?? []) }
    }

    private func reload(_ composition: Composition, _ listeners: [HTTPListener], logger: Logger) async {
        var isWhole = true
        do throws(ConfigurationError) {
            let fresh = try ServerConfiguration.load(options)
            try reloadServices(composition, fresh)
            logs.level = fresh.logLevel
            for notice in fresh.notices { logger.warning("configuration: \(notice)") }
        } catch {
            isWhole = false
            logger.error("cannot reload the configuration, so the previous one stays in force: \(error)")
        }
        for listener in listeners {
            do throws(TLSSettingsError) {
                try listener.reloadTLS()
            } catch {
                isWhole = false
                logger.error(
                    "the previous certificate stays in use: \(error)", metadata: ["address": "\(listener.settings.address)"])
            }
        }
        await composition.reload()
        if isWhole { logger.info("reloaded") } else { logger.error("not reloaded: see the errors above") }
    }
}
