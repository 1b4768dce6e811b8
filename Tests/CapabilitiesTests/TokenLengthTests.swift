import Capabilities
import Testing

@Suite("The text of a capability token")
struct TokenLengthTests {
    @Test("ends with its code: nothing stands behind it, and nothing of it is missing")
    func length() throws {
        let token = try CapabilityToken(narrowing: CapabilityToken(parent: "coffer.s.parent"), by: .operations(["read"]))
        #expect(try CapabilityToken(token.text).text == token.text)
        // Whole bytes more or fewer.
        for more in ["AAAA", "AAAAAAAA"] { #expect(throws: (any Error).self) { try CapabilityToken(token.text + more) } }
        for fewer in [4, 8] {
            let text = String(decoding: token.text.utf8.dropLast(fewer), as: UTF8.self)
            #expect(throws: (any Error).self) { try CapabilityToken(text) }
        }
    }
}
