import EngineKit
import KVEngine
import Syntax
import Testing

@Suite("How large a secret may be")
struct SecretSizeTests {
    private static let bytesMax = 32 << 20

    /// As large as a body can bring it.
    private static func body(_ name: String, bytes: Int) -> String {
        #"{"data":{"\#(name)":"\#(String(repeating: "x", count: bytes))"}}"#
    }

    @Test("the largest is written over and over, with each version before it kept")
    func largest() async throws {
        let kv = try KVDriver()
        let body = Self.body("a", bytes: Self.bytesMax - 8)
        for _ in 0..<2 { try await kv.send(.update, "data/a", body) }
        for version in ["1", "2"] {
            #expect(try await kv.text(.read, "data/a", query: ["version": version]).utf8.count > Self.bytesMax)
        }
    }

    @Test("escapes and patches that make one larger are refused with its size, and change nothing")
    func tooLarge() async throws {
        let kv = try KVDriver()
        // Two bytes as sent, six as kept.
        let grown = #"{"data":{"a":"\#(String(repeating: #"\b"#, count: Self.bytesMax / 6))"}}"#
        let refused = try #require(await kv.refusal(.update, "data/a", grown))
        #expect(refused.code == .tooLarge && refused.messages.first?.contains("(32 MiB)") == true)
        try await kv.send(.update, "data/b", Self.body("a", bytes: 20 << 20))
        let patched = try #require(await kv.refusal(.patch, "data/b", Self.body("b", bytes: 20 << 20)))
        #expect(patched.code == .tooLarge && patched.messages == [Self.message(bytes: 2 * (20 << 20) + 15)])
        #expect(try await kv.data(.read, "data/b")["metadata"]?["version"] == 1)
    }

    @Test("version 1 refuses the same")
    func version1() async throws {
        let kv = try KVDriver(KVEngine.description)
        let refused = try #require(
            await kv.refusal(.update, "a", #"{"a":"\#(String(repeating: #"\b"#, count: Self.bytesMax / 6))"}"#))
        #expect(refused.code == .tooLarge && refused.messages.first?.contains("(32 MiB)") == true)
        #expect(await kv.refusal(.read, "a")?.code == .notFound)
    }

    private static func message(bytes: Int) -> String {
        "the secret has \(bytes) bytes as JSON, and at most 33554432 (32 MiB) are kept; split it into several"
    }
}
