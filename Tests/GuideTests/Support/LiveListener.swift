import AsyncHTTPClient
import HTTPShell
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Testing

/// A listener with one dialect on a port of the system's choice, for as long as `body` runs.
func withListener(for dialect: any Dialect, _ body: @Sendable (_ address: String) async throws -> Void) async throws {
    var logger = Logger(label: "guides")
    logger.logLevel = .critical
    let (ports, port) = AsyncStream<Int>.makeStream()
    let listener = try HTTPListener(
        settings: ListenerSettings(address: .tcp(host: "127.0.0.1", port: 0)), shell: Shell(dialects: [dialect], logger: logger),
        group: MultiThreadedEventLoopGroup.singleton, logger: logger
    ) { port.yield($0?.port ?? 0) }
    let services = ServiceGroup(configuration: .init(services: [.init(service: listener)], logger: logger))
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await services.run() }
        var iterator = ports.makeAsyncIterator()
        let found = try #require(await iterator.next())
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await body("http://127.0.0.1:\(found)"))
        } catch {
            outcome = .failure(error)
        }
        await services.triggerGracefulShutdown()
        try await group.waitForAll()
        try outcome.get()
    }
}

/// The status, content type and text of an answer.
func fetch(
    _ url: String, method: HTTPMethod = .GET, headers: [(String, String)] = []
) async throws -> (status: Int, type: String?, text: String) {
    var request = HTTPClientRequest(url: url)
    request.method = method
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
    let body = try await response.body.collect(upTo: 1 << 20)
    return (Int(response.status.code), response.headers.first(name: "content-type"), String(buffer: body))
}
