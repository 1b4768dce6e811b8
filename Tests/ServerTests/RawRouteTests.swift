import EngineKit
import Foundation
import NIOHTTP1
import Synchronization
import Syntax
import Testing

/// A secrets engine of the kind that certificates and snapshots need: bytes in, bytes out, a stream, and a route for anybody.
private struct BytesEngine: SecretsEngine {
    static let description = EngineDescription(type: "bytes", summary: "For tests.") { _ in BytesEngine() }
    static let pieces = 64
    static let pieceBytes = 40_000

    let paths = [
        EnginePath("ca", "A certificate.", access: .unauthenticated)
            .reading("Read it.", answers: "application/pkix-cert") { _ in
                .raw([0x30, 0x00, 0xFF], contentType: "application/pkix-cert")
            },
        EnginePath("ocsp", "A question in bytes.", access: .unauthenticated)
            .updating("Ask.", changesNothing: true, takes: .bytes(max: 1_000), answers: "application/ocsp-response") {
                .raw(Array(($0.rawBody?.bytes ?? []).reversed()), contentType: "application/ocsp-response")
            },
        EnginePath("restore", "Bytes that a caller sends.")
            .updating("Take them.", takes: .bytes(max: 4 << 20)) { request in
                .data(["length": .int(request.rawBody?.bytes.count ?? -1), "type": .string(request.rawBody?.contentType ?? "")])
            },
        EnginePath("snapshot", "Bytes that are made while they are sent.")
            .reading("Read them.", answers: "application/gzip") { _ in
                let number = Mutex(0)
                return .stream(
                    StreamedContent(contentType: "application/gzip", bytesMax: pieces * pieceBytes) {
                        let piece = number.withLock { number in
                            number += 1
                            return number
                        }
                        guard piece <= pieces else { return nil }
                        return [UInt8](repeating: UInt8(piece), count: pieceBytes)
                    })
            },
    ]
}

@Suite("Bytes in, bytes out, over HTTP", .timeLimit(.minutes(10)))
struct RawRouteTests {
    private func serving(_ body: @escaping @Sendable (RunningServer, String) async throws -> Void) async throws {
        let directory = NSTemporaryDirectory() + "raw-routes-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await RunningServer.run(engines: [BytesEngine.description], directory: directory) { server in
            let mounted = try await server.ask(.POST, "/v1/sys/mounts/bytes", Array(#"{"type":"bytes"}"#.utf8))
            #expect(mounted.status == 204)
            try await body(server, directory)
        }
    }

    @Test("an engine answers anybody with bytes under their own content type")
    func rawAnswer() async throws {
        try await serving { server, _ in
            let reply = try await server.ask(.GET, "/v1/bytes/ca", token: nil)
            #expect(reply.status == 200 && reply.body == [0x30, 0x00, 0xFF])
            #expect(reply.headers["content-type"] == ["application/pkix-cert"])
            #expect(reply.headers["content-length"] == ["3"])
            let wrapped = try await server.ask(.GET, "/v1/bytes/ca", headers: ["X-Vault-Wrap-TTL": "60"])
            #expect(wrapped.status == 400 && wrapped.text.contains("cannot be wrapped"))
        }
    }

    @Test("an engine takes bytes, as curl --data-binary sends them, and refuses more than its bound")
    func rawRequest() async throws {
        try await serving { server, _ in
            let question = (0..<1_000).map { UInt8(truncatingIfNeeded: $0) }
            for type in ["application/ocsp-request", "application/x-www-form-urlencoded", ""] {
                let reply = try await server.ask(
                    .POST, "/v1/bytes/ocsp", question, token: nil, headers: type.isEmpty ? [:] : ["Content-Type": type])
                #expect(reply.status == 200 && reply.body == question.reversed())
            }
            #expect(try await server.ask(.POST, "/v1/bytes/ocsp", question + [1], token: nil).status == 413)
            // Larger than a stranger's body may be: whoever has a token may send it, up to the route's bound.
            let large = [UInt8](repeating: 7, count: 3 << 20)
            let kept = try await server.ask(.PUT, "/v1/bytes/restore", large, headers: ["Content-Type": "Application/GZip; x=y"])
            #expect(try JSON(parsing: kept.text)["data"] == ["length": .int(3 << 20), "type": "Application/GZip; x=y"])
            for type in ["multipart/form-data; boundary=\"a; b\"", "text/plain;charset=UTF-8", ""] {
                let headers: HTTPHeaders = type.isEmpty ? [:] : ["Content-Type": type]
                let kept = try await server.ask(.PUT, "/v1/bytes/restore", [1], headers: headers)
                #expect(try JSON(parsing: kept.text)["data"]?["type"] == .string(type))
            }
            #expect(try await server.ask(.PUT, "/v1/bytes/restore", large, token: nil).status == 413)
            #expect(try await server.ask(.PUT, "/v1/bytes/restore", large + large).status == 413)
            #expect(try await server.ask(.PUT, "/v1/bytes/restore", [1], token: nil).status == 403)
            // Elsewhere a form is refused as before.
            let form = try await server.ask(
                .POST, "/v1/secret/data/a", Array("a=canary".utf8), headers: ["Content-Type": "application/x-www-form-urlencoded"])
            #expect(form.status == 415 && !form.text.contains("canary"))
        }
    }

    @Test("an engine's stream arrives whole and is on record before it begins")
    func stream() async throws {
        try await serving { server, directory in
            let options = #"{"type":"file","options":{"file_path":"\#(directory)/audit.log"}}"#
            #expect(try await server.ask(.PUT, "/v1/sys/audit/file", Array(options.utf8)).status == 204)
            let reply = try await server.ask(.GET, "/v1/bytes/snapshot")
            #expect(reply.status == 200 && reply.headers["content-type"] == ["application/gzip"])
            #expect(reply.headers["transfer-encoding"] == ["chunked"])
            let whole = (1...BytesEngine.pieces).flatMap { [UInt8](repeating: UInt8($0), count: BytesEngine.pieceBytes) }
            #expect(reply.body == whole)
            let text = String(decoding: FileManager.default.contents(atPath: directory + "/audit.log") ?? Data(), as: UTF8.self)
            let lines = try text.split(separator: "\n").map { try JSON(parsing: String($0)) }
                .filter { $0["request"]?["path"] == "bytes/snapshot" }
            #expect(lines.map { $0["type"] } == ["request", "response"])
            #expect(lines.last?["response"]?["raw_body_streamed"] == true)
            #expect(try await server.ask(.GET, "/v1/bytes/snapshot", token: nil).status == 403)
        }
    }
}
