import DatabaseClients
import Testing

@testable import Databases  // The rules are asked directly: a server would answer in its own words.

@Suite("Redis rules by their bytes")
struct RedisRuleByteTests {
    @Test(
        "a mark behind its first byte does not hide a rule about passwords",
        arguments: [
            ">\u{301}pw", "<\u{301}pw", "#\u{301}abc", "!\u{301}abc", "+@read >\u{301}pw", "[\u{301}\">pw\"]", "[\">\u{301}pw\"]",
        ])
    func passwords(statement: String) {
        #expect(throws: DatabaseError.self) { try RedisRules.parse([statement]) }
    }

    @Test("words are parted at every space")
    func words() throws {
        #expect(try RedisRules.parse(["+@read \u{301}x"]).map { Array($0.utf8) } == [Array("+@read".utf8), Array("\u{301}x".utf8)])
    }
}
