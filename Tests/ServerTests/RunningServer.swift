import AsyncHTTPClient
import EngineKit
import Foundation
import HTTPShell
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Testing

// The composition is a matter of the server alone; a test has to make one to put an engine of its own into a whole server.
@testable import Server

/// A whole server in memory, put together as the program does it, on a port of the system's choice.
struct RunningServer: Sendable {
    static let rootToken = "root-token"

    let address: String
    private let client: HTTPClient

    static func run(
        engines: [EngineDescription], directory: String, _ body: @Sendable (RunningServer) async throws -> Void
    ) async throws {
        var options = ServerOptions(environment: ["TMPDIR": directory])
        options.isDev = true
        options.devRootTokenID = rootToken
        let logs = LogStream(format: .standard, level: .critical)
        let composition = try await Composition(try ServerConfiguration.load(options), logs, engines: engines)
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let shell = Shell(dialects: composition.dialects, logger: logs.logger("http"))
        let listener = try HTTPListener(
            settings: ListenerSettings(address: .tcp(host: "127.0.0.1", port: 0)), shell: shell,
            group: MultiThreadedEventLoopGroup.singleton, logger: logs.logger("http")
        ) { continuation.yield($0?.port ?? 0) }
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [.init(service: listener)], logger: logs.logger("lifecycle")))
        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        let outcome = await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await services.run() }
            var iterator = ports.makeAsyncIterator()
            let port = await iterator.next() ?? 0
            let outcome: Result<Void, any Error>
            do {
                outcome = .success(
                    try await body(RunningServer(address: "http://127.0.0.1:\(port)", client: client)))
            } catch {
                outcome = .failure(error)
            }
            try? await client.shutdown()
            await services.triggerGracefulShutdown()
            await group.waitForAll()
            return outcome
        }
        await composition.close()
        try outcome.get()
    }

    struct Reply: Sendable {
        var status: UInt
        var headers: HTTPHeaders
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    func ask(
        _ method: HTTPMethod, _ path: String, _ body: [UInt8]? = nil, token: String? = rootToken, headers: HTTPHeaders = [:]
    ) async throws -> Reply {
        var request = HTTPClientRequest(url: address + path)
        request.method = method
        request.headers = headers
        if let token { request.headers.add(name: "X-Vault-Token", value: token) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let reply = try await client.execute(request, timeout: .seconds(20))
        return Reply(
            status: reply.status.code, headers: reply.headers,
            body: Array(try await reply.body.collect(upTo: 16 << 20).readableBytesView))
    }
}
