import CofferClient
import Testing

@Suite("An answer that came wrapped")
struct WrappedAnswerTests {
    private static let wrapped = """
        {"request_id":"r","data":null,"auth":null,"wrap_info":{"token":"hvs.wrapping","ttl":60,"creation_path":"sys/seal-status"}}
        """

    @Test("is not taken for what it wraps, and its token is in no error")
    func notOpened() async throws {
        let client = try client(ScriptedTransport([.init(200, Self.wrapped)]))
        let error = await #expect(throws: ClientError.self) { try await client.sys.sealStatus() }
        #expect(error?.description.contains("hvs.wrapping") == false)
        await #expect(throws: ClientError.self) { try await client.sys.policy("app") }
        await #expect(throws: ClientError.self) { try await client.sys.policies() }
    }

    @Test("is handed over where the caller asked for it")
    func handedOver() async throws {
        let client = try client(ScriptedTransport([.init(200, Self.wrapped)]))
        #expect(try await client.send(.get, "sys/seal-status").secret?.wrapInfo?.token == "hvs.wrapping")
    }
}
