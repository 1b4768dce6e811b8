import Core
import EngineKit
import Foundation
import Syntax
import Testing

@Suite("Bodies that are not JSON")
struct RawBodyTests {
    private let directory = NSTemporaryDirectory() + "raw-" + UUID().uuidString

    private func server() async throws -> CoreHarness {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        var settings = CoreSettings()
        settings.auditDirectories = [directory]
        let server = try await CoreHarness.make(settings: settings, engines: [OpenEngine.description])
        #expect(await server.ask(.update, "sys/mounts/open", ["type": "open"]).isSuccess)
        return server
    }

    private func send(
        _ server: CoreHarness, _ path: String, _ body: [UInt8], token: String? = "root-token", isForm: Bool = false,
        query: [(name: String, value: String)] = []
    ) async -> CoreHarness.Answer {
        var request = CoreRequest(id: "test", operation: .update, path: path, query: query, body: body)
        request.contentType = "application/ocsp-request"
        request.isForm = isForm
        if let token { request.credentials = .token(token) }
        request.connection = Connection(remoteAddress: "127.0.0.1")
        return CoreHarness.Answer(outcome: await server.core.handle(request).outcome)
    }

    @Test(
        "reach the routes that take bytes, with their type, whatever is in them",
        arguments: [[], [0, 255, 10], Array("{\"a\"".utf8)])
    func reach(body: [UInt8]) async throws {
        let answer = try await send(server(), "open/check", body, token: nil)
        guard case .raw(let content)? = answer.response?.body else {
            Issue.record("no bytes")
            return
        }
        #expect(content.bytes == Array(body.reversed()) && content.contentType == "application/ocsp-request")
    }

    @Test("are bounded by the route, for callers who may know it")
    func bounded() async throws {
        let server = try await server()
        let large = [UInt8](repeating: 1, count: OpenEngine.bytesMax + 1)
        #expect(await send(server, "open/check", Array(large.dropLast()), token: nil).isSuccess)
        #expect(await send(server, "open/check", large, token: nil).code == .tooLarge)
        #expect(await send(server, "open/upload/a", large, token: nil).code == .permissionDenied)
        #expect(await send(server, "open/upload/a", large).code == .tooLarge)
    }

    @Test("are no fields and no body of the request")
    func noFields() async throws {
        let answer = try await send(server(), "open/upload/a", Array("{\"size\":1}".utf8), query: [("size", "1")])
        #expect(answer.data?["length"] == 10 && answer.data?["caller"] == "root")
        #expect(answer.data?["fields"] == false && answer.data?["body"] == [:])
    }

    @Test("may say that they are forms, as curl does, where bytes are taken, and nowhere else")
    func forms() async throws {
        let server = try await server()
        #expect(await send(server, "open/check", [1, 2], token: nil, isForm: true).isSuccess)
        let refused = await send(server, "secret/data/a", Array("token=canary".utf8), isForm: true)
        #expect(refused.code == .unsupportedMediaType)
        #expect(refused.error?.messages.first?.contains("canary") == false)
        #expect(await send(server, "secret/data/a", Array("a=b".utf8), token: nil, isForm: true).code == .permissionDenied)
    }

    @Test("are refused by rules that require a parameter")
    func rules() async throws {
        let server = try await server()
        await server.writePolicy(
            "p", "path \"open/upload/*\" { capabilities = [\"update\"] required_parameters = [\"size\"] }")
        let token = try await server.token(["p"])
        #expect(await send(server, "open/upload/a", Array("{\"size\":1}".utf8), token: token).code == .permissionDenied)
    }

    @Test("cannot be wrapped, and the engine is not asked when its declaration says so", arguments: ["ca", "stream", "late"])
    func wrapping(path: String) async throws {
        let answer = try await server().ask(.read, "open/" + path, wrapTTL: 60)
        #expect(
            answer.code == .invalidRequest
                && answer.error?.messages == [
                    "this path does not answer JSON, so its answer cannot be wrapped"
                ])
    }

    @Test("are on record as an HMAC and a length, and streamed ones by what is known before they are sent")
    func audited() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try await server()
        let file = directory + "/audit.log"
        #expect(
            await server.ask(.update, "sys/audit/file", ["type": "file", "options": ["file_path": .string(file)]]).isSuccess)
        _ = await send(server, "open/check", Array("canary".utf8), token: nil)
        _ = await server.ask(.read, "open/stream")
        let hash = await server.ask(.update, "sys/audit-hash/file", ["input": "canary"]).data?["hash"]
        let text = String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
        let lines = try text.split(separator: "\n").map { try JSON(parsing: String($0)) }
        let check = lines.filter { $0["request"]?["path"] == "open/check" }
        #expect(check.count == 2 && hash != nil)
        for line in check { #expect(line["request"]?["raw_body"] == hash && line["request"]?["raw_body_bytes"] == 6) }
        #expect(check.last?["response"]?["raw_body_bytes"] == 6 && check.last?["response"]?["raw_body"] != hash)
        #expect(check.last?["response"]?["content_type"] == "application/ocsp-request")
        #expect(!text.contains("canary") && !text.contains("yranac"))
        let stream = lines.last { $0["request"]?["path"] == "open/stream" }
        #expect(stream?["response"]?["raw_body_streamed"] == true && stream?["response"]?["raw_body_bytes"] == 9)
        #expect(stream?["response"]?["raw_body"] == nil && stream?["response"]?["content_type"] == "application/gzip")
    }
}
