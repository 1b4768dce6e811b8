import OAuth
import Testing

@Suite("What clients and servers of OAuth share")
struct OAuthTests {
    @Test(
        "a redirect URI is compared byte by byte",
        arguments: [
            ("https://app.example/cb", true), ("https://app.example/cb/", false), ("https://app.example/CB", false),
            ("https://app.example/cb?x=1", false), ("https://app.example.evil.example/cb", false), ("http://app.example/cb", false),
            ("https://app.example:444/cb", false), ("", false), ("https://app.example/cb#", false),
            ("https://app.example/ cb", false),
        ])
    func exact(uri: String, isAllowed: Bool) {
        #expect(RedirectURI.isAllowed(uri, by: ["https://app.example/cb"]) == isAllowed)
    }

    @Test(
        "on the loopback interface the port does not matter, and all else does",
        arguments: [
            ("http://127.0.0.1:50123/cb", true), ("http://127.0.0.1/cb", true), ("http://localhost:1/cb", false),
            ("http://127.0.0.1:50123/other", false), ("https://127.0.0.1:50123/cb", false),
            ("http://127.0.0.1.evil.example:50123/cb", false), ("http://127.0.0.1:80@evil.example/cb", false),
        ])
    func loopback(uri: String, isAllowed: Bool) {
        #expect(RedirectURI.isAllowed(uri, by: ["http://127.0.0.1:8250/cb"]) == isAllowed)
    }

    @Test("the challenge of a verifier is that of RFC 7636, appendix B")
    func challenge() {
        #expect(
            PKCE.challenge(of: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
    }

    @Test("a form with a field twice is refused")
    func forms() {
        #expect(FormBody(Array("a=1&b=x%20y+z".utf8))?["b"] == "x y z")
        #expect(FormBody(Array("a=1&a=2".utf8)) == nil)
        #expect(FormBody(Array("a=1&b".utf8))?["b"] == "")
        #expect(FormBody(Array("a=%4".utf8)) == nil)
    }
}
