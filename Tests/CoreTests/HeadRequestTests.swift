import Core
import DatabaseEngine
import EngineKit
import KVEngine
import Logging
import Syntax
import TestSupport
import Testing
import TransitEngine

@Suite("HEAD")
struct HeadRequestTests {
    private func head(
        _ server: CoreHarness, _ path: String, operation: EngineKit.Operation = .read, token: String? = nil, wrapTTL: Int? = nil
    ) async -> CoreHarness.Answer {
        var request = CoreRequest(id: "head", operation: operation, path: path, credentials: .token(token ?? server.root))
        request.isHead = true
        request.wrapTTL = wrapTTL
        return CoreHarness.Answer(outcome: await server.core.handle(request).outcome)
    }

    @Test("makes no credentials, where GET does")
    func credentials() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "sys/mounts/t", ["type": "test"])
        let refused = await head(server, "t/creds/x")
        #expect(refused.code == .methodNotAllowed && refused.error?.messages.first?.contains("use GET") == true)
        #expect(server.engine.alive.isEmpty && server.engine.revocations.isEmpty)
        #expect(await server.ask(.read, "t/creds/x").lease != nil)
        #expect(server.engine.alive.count == 1)
    }

    @Test("asks what a read would answer where that changes nothing, but wraps nothing")
    func reads() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "secret/data/a", ["data": ["k": "v"]])
        #expect(await head(server, "secret/data/a").isSuccess)
        #expect(await head(server, "secret/data/none").code == .notFound)
        #expect(await head(server, "secret/metadata", operation: .list).isSuccess)
        #expect(await head(server, "secret/data/a", wrapTTL: 60).code == .methodNotAllowed)
        #expect(await server.ask(.read, "secret/data/a", wrapTTL: 60).wrapInfo != nil)
    }

    @Test("is refused for every read of an engine that changes something, whether what it names exists or not")
    func everyRead() async throws {
        let server = try await CoreHarness.make()
        let engines = [
            KVEngine.description, TransitEngine.description, DatabaseEngine.description(randomness: SeededRandomness(seed: 1)),
        ]
        var asked: [String] = []
        for description in engines {
            let type = description.type
            await server.ask(.update, "sys/mounts/\(type)", ["type": .string(type)])
            let engine = try description.make(
                MountContext(
                    path: "\(type)/", accessor: "a", storage: MemoryStorage(), time: server.time,
                    randomness: SeededRandomness(seed: 2), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
            for path in engine.paths {
                for operation in [EngineKit.Operation.read, .list] {
                    guard let endpoint = path.endpoints[operation], !endpoint.changesNothing else { continue }
                    let name = path.pattern.segments.map { segment in
                        if case .literal(let text) = segment { text } else { "x" }
                    }.joined(separator: "/")
                    #expect(
                        await head(server, "\(type)/\(name)", operation: operation).code == .methodNotAllowed, "\(type)/\(name)")
                    asked.append("\(type)/\(path.pattern)")
                }
            }
        }
        // These make something for whoever asks. One that is declared as a mere read would be made for nobody.
        for path in ["database/creds/{name}", "database/static-creds/{name}", "transit/wrapping_key"] {
            #expect(asked.contains(path), "\(asked)")
        }
        #expect(await head(server, "cubbyhole/a").code == .methodNotAllowed)
    }

    @Test("tells a caller without the right to read nothing of it")
    func strangers() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "sys/mounts/t", ["type": "test"])
        let token = try await server.token(["default"])
        #expect(await head(server, "t/creds/x", token: token).code == .permissionDenied)
        #expect(await head(server, "t/none", token: token).code == .permissionDenied)
    }
}
