import EngineKit
import Syntax
import Testing

@Suite("Records that somebody with the store moves")
struct SwappedRecordTests {
    @Test(
        "a connection does not open in the place of another, of the same owner or not",
        arguments: ["user:u1/prod/other", "user:u1/staging/acme", "user:u2/prod/acme"])
    func swapped(place: String) async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        try await driver.connect("tokens/" + place, seconds: 3_600, refresh: true, ["access_token": "second-canary"])
        #expect(try await driver.token("tokens/" + place) == "second-canary")
        let moved = try #require(try await driver.storage.get("token/user:u1/prod/acme"))
        var batch = Batch()
        batch.put("token/" + place, moved.value)
        try await driver.storage.commit(batch)
        let refusal = await driver.refusal(.read, "tokens/" + place)
        #expect(refusal?.code == .internal)
        #expect(refusal?.messages.joined().contains("canary") == false)
        #expect(try await driver.token() == "first-canary")
    }
}
