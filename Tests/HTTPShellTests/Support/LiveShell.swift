import EngineKit
import HTTPShell
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Testing

/// A listener on a port of the system's choice, for as long as `body` runs.
struct LiveShell: Sendable {
    let port: Int
    let shell: Shell
    let listener: HTTPListener
    private let services: ServiceGroup

    static func run(
        _ dialects: [any Dialect] = [EchoDialect()], capacity: ShellCapacity = .init(),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        _ change: (inout ListenerSettings) -> Void = { _ in }, _ body: @Sendable (LiveShell) async throws -> Void
    ) async throws {
        var settings = ListenerSettings(address: .tcp(host: "127.0.0.1", port: 0))
        change(&settings)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let shell = Shell(dialects: dialects, capacity: capacity, logger: logger)
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let listener = try HTTPListener(
            settings: settings, shell: shell, group: group, logger: logger
        ) { continuation.yield($0?.port ?? 0) }
        var configuration = ServiceGroupConfiguration(services: [.init(service: listener)], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        let services = ServiceGroup(configuration: configuration)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            let live = LiveShell(port: port, shell: shell, listener: listener, services: services)
            do {
                try await body(live)
            } catch {
                await services.triggerGracefulShutdown()
                throw error
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    func stop() async { await services.triggerGracefulShutdown() }

    /// One connection: sends, and reads until the server closes it.
    func talk(_ text: String, closesInput: Bool = false) async throws -> String {
        try await onThread { [port] in
            let client = try RawClient(port: port)
            try client.send(text)
            if closesInput { client.closeOutput() }
            return try client.readToEnd()
        }
    }
}

/// Says what it was asked.
struct EchoDialect: Dialect {
    let prefix = "/v1/"

    func respond(to request: ShellRequest) async -> ShellResponse {
        let body = "\(request.method) \(request.path) ?\(request.query) \(request.body.count) \(request.connection.remoteAddress)"
        return ShellResponse(status: 200, contentType: "text/plain", body: Array(body.utf8))
    }
}

/// Answers when it is let go.
final class GatedDialect: Dialect {
    let prefix = "/v1/"
    private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))
    private let arrivals: AsyncStream<Void>
    private let arrival: AsyncStream<Void>.Continuation

    init() { (arrivals, arrival) = AsyncStream<Void>.makeStream() }

    func respond(to request: ShellRequest) async -> ShellResponse {
        arrival.yield()
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
        return ShellResponse(status: 200, body: Array("done".utf8))
    }

    /// Returns once a request is inside.
    func arrived() async { for await _ in arrivals { return } }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
