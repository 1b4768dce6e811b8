import EngineKit
import JOSE
import Syntax
import Testing

@Suite("Claims of tokens")
struct TokenClaimsTests {
    private func claims(_ text: String) throws -> TokenClaims { try TokenClaims(payload: Array(text.utf8)) }

    @Test(
        "refuses payloads that are not one object, or that two programs may read in two ways",
        arguments: [
            "", "[]", "7", "null", #"{"a":1}x"#, #"{"a":1,"a":2}"#, #"{"sub":"ada","\u0073ub":"root"}"#, #"{"a":{"b":1,"b":2}}"#,
            "{\"a\":\"\u{1}\"}", String(repeating: "[", count: 100), #"{"a":\#(String(repeating: "[", count: 17))]}"#,
            #"{"a":[\#(String(repeating: "1,", count: 10_001))1]}"#,
        ])
    func payloads(text: String) {
        #expect(throws: JOSEError.badPayload) { try claims(text) }
    }

    @Test("numbers keep their text")
    func numbers() throws {
        let claims = try claims(#"{"a":5.0,"b":12345678901234567890,"c":1e2}"#)
        #expect(claims["a"] == .number("5.0") && claims["b"] == .number("12345678901234567890") && claims["c"] == .number("1e2"))
    }

    @Test("a name with a slash is a JSON pointer")
    func pointers() throws {
        let claims = try claims(#"{"a":{"b":{"c/d":"x","~":"y"},"list":["p",{"q":"r"}],"":"e"},"/a":"no","null":null}"#)
        #expect(
            claims["/a/b/c~1d"] == "x" && claims["/a/b/~0"] == "y" && claims["/a/list/0"] == "p" && claims["/a/list/1/q"] == "r")
        #expect(claims["/a/"] == "e" && claims["/null"] == nil && claims["null"] == nil)
        for none in ["/", "/b", "/a/b/c", "/a/list/2", "/a/list/00", "/a/list/-1", "/a/list/x", "/a/b/c~1d/e", "a/b", "/a//b"] {
            #expect(claims[none] == nil, "\(none)")
        }
    }

    @Test("an audience is a text or a list of texts")
    func audiences() throws {
        #expect(try claims(#"{"aud":"x"}"#).audiences() == ["x"])
        #expect(try claims(#"{"aud":["x","y"]}"#).audiences() == ["x", "y"])
        #expect(try claims(#"{"aud":[]}"#).audiences() == [])
        #expect(try claims(#"{"aud":null}"#).audiences() == nil)
        #expect(try claims("{}").audiences() == nil)
        for text in [#"{"aud":7}"#, #"{"aud":{}}"#, #"{"aud":["x",7]}"#, #"{"aud":[["x"]]}"#, #"{"aud":[null]}"#] {
            #expect(throws: JOSEError.badPayload) { try claims(text).audiences() }
        }
    }

    private func refusal(_ text: String, at seconds: Int = 1_000, _ leeways: ClaimLeeways = ClaimLeeways()) throws
        -> ClaimTimeRefusal?
    {
        let claims = try claims(text)
        do { try claims.checkTimes(at: Timestamp(seconds: seconds), leeways) } catch { return error }
        return nil
    }

    @Test("a token is valid from its beginning to its end, give or take the clocks")
    func times() throws {
        var exact = ClaimLeeways()
        (exact.expiration, exact.notBefore, exact.clockSkew) = (0, 0, 0)
        #expect(try refusal(#"{"exp":1000}"#, exact) == nil)
        #expect(try refusal(#"{"exp":999}"#, exact) == .late)
        #expect(try refusal(#"{"exp":999.9}"#, exact) == .late)
        #expect(try refusal(#"{"exp":940}"#) == nil)
        #expect(try refusal(#"{"exp":939}"#) == .late)
        #expect(try refusal(#"{"exp":2000,"nbf":1060}"#) == nil)
        #expect(try refusal(#"{"exp":2000,"nbf":1061}"#) == .early)
        #expect(try refusal(#"{"exp":2000,"nbf":900000}"#) == .early)
        #expect(try refusal(#"{"exp":2000,"nbf":900,"iat":1061}"#) == .future)
        #expect(try refusal(#"{"exp":2000,"nbf":900,"iat":1060}"#) == nil)
        // Without an end a token is valid for a while after its beginning, and without a beginning for a while before its end.
        #expect(try refusal(#"{"iat":790}"#) == nil)
        #expect(try refusal(#"{"iat":789}"#) == .late)
        #expect(try refusal(#"{"exp":1210}"#) == nil)
        #expect(try refusal(#"{"exp":1211}"#) == .early)
        #expect(try refusal("{}") == .missing)
    }

    @Test(
        "refuses times that are no numbers of seconds",
        arguments: [#""1000""#, "-1", "true", "[]", "{}", "1e400", "99999999999999999999", "253402300800", "-0.5"])
    func malformedTimes(value: String) throws {
        for name in ["exp", "nbf", "iat"] { #expect(try refusal(#"{"\#(name)":\#(value)}"#) == .malformed, "\(name)") }
    }
}
