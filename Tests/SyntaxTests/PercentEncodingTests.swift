import Syntax
import Testing

@Suite("Percent-encoding")
struct PercentEncodingTests {
    @Test("of a component keeps unreserved characters alone")
    func component() {
        let unreserved = "ABCXYZabcxyz0189-._~"
        #expect(PercentEncoding.component(unreserved) == unreserved)
        #expect(PercentEncoding.component("") == "")
        #expect(PercentEncoding.component("a b&c=d/e?f#g%h+i") == "a%20b%26c%3Dd%2Fe%3Ff%23g%25h%2Bi")
        #expect(PercentEncoding.component("\u{0}\u{7F}\r\n;,\"'") == "%00%7F%0D%0A%3B%2C%22%27")
        // By bytes: a mark is encoded by itself.
        #expect(PercentEncoding.component("é") == "%C3%A9" && PercentEncoding.component("e\u{301}/") == "e%CC%81%2F")
    }

    @Test("of every byte can be told apart from any other")
    func all() {
        let texts = (UInt8(0)...127).map { PercentEncoding.component(String(UnicodeScalar($0))) }
        #expect(Set(texts).count == 128)
        for (byte, text) in texts.enumerated() {
            #expect(text.utf8.count == 1 || text == "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true))
        }
    }

    @Test("of a path keeps what its segments may hold, and a segment has no slash")
    func paths() {
        #expect(PercentEncoding.path("/a:b@c/d e/f?g") == "/a:b@c/d%20e/f%3Fg")
        #expect(PercentEncoding.segment("user:a/b|c%d") == "user:a%2Fb%7Cc%25d")
    }

    @Test("of a form joins its items")
    func form() {
        #expect(PercentEncoding.form([]) == "")
        #expect(PercentEncoding.form([("a b", "c&d"), ("e", "")]) == "a%20b=c%26d&e=")
    }
}
