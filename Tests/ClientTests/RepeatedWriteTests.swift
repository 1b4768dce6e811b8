import CofferClient
import Testing

@Suite("A write that the server could not finish")
struct RepeatedWriteTests {
    @Test("is sent once", arguments: [ClientMethod.put, .post, .patch, .delete], [412, 500, 502, 503])
    func once(method: ClientMethod, status: Int) async throws {
        let transport = ScriptedTransport([.init(status, #"{"errors":[]}"#)])
        #expect(try await client(transport).send(method, "secret/x").status == status)
        #expect(transport.requests.count == 1)
    }
}
