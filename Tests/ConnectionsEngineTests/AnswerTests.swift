import ConnectionsEngine
import EngineKit
import Outbound
import Syntax
import TestSupport
import Testing

@Suite("What providers answer")
struct AnswerTests {
    static let path = ConnectionsDriver.path

    /// A connection whose refresh is answered so.
    private func refreshed(
        _ body: String, at path: String = AnswerTests.path, status: Int = 200, label: String = "application/json",
        scopes: JSON = ["read", "write"]
    ) async throws -> ConnectionsDriver {
        let driver = ConnectionsDriver()
        try await driver.connect(path, ["scopes": scopes])
        driver.time.advance(seconds: 4_000)
        driver.provider.next(.spendAndAnswer(OutboundReply(status: status, contentType: label, body: Array(body.utf8))))
        return driver
    }

    static let grants: [(label: String, body: String)] = [
        ("text/plain", #"{"access_token":"new1","refresh_token":"rt2","expires_in":3600}"#),
        ("text/javascript", #"{"access_token":"new1","refresh_token":"rt2","expires_in":3600}"#),
        ("text/html", "\r\n {\"access_token\":\"new1\",\"refresh_token\":\"rt2\",\"expires_in\":3600}\n"),
        ("application/xml", #"{"access_token":"new1","refresh_token":"rt2","expires_in":3600}"#),
        ("", #"{"access_token":"new1","refresh_token":"rt2","expires_in":3600}"#),
        ("application/x-www-form-urlencoded", #"{"access_token":"new1","refresh_token":"rt2","expires_in":3600}"#),
        ("application/x-www-form-urlencoded", "access_token=new1&refresh_token=rt2&expires_in=3600"),
        ("text/plain", "access_token=new1&refresh_token=rt2&expires_in=3600&scope=read%20write\n"),
        ("text/html", "access%5Ftoken=new1&refresh_token=r%742&expires_in=3600&note=100%"),
        ("application/json", "access_token=new1&refresh_token=rt2&expires_in=3600&refresh_token=other"),
        ("application/json", "\u{FEFF}{\"access_token\":\"new1\",\"refresh_token\":\"rt2\",\"expires_in\":3600}"),
        (
            "application/json",
            #"{"access_token":"old","name":"\ud800","access_token":"new1","refresh_token":"rt2","expires_in":3600}"#
        ),
        (
            "application/json",
            #"{"access_token":" new1 ","refresh_token":"rt2","expires_in":3600,"a":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}"#
        ),
    ]

    @Test("a 2xx with an access token is a grant, whatever its label says", arguments: grants.indices)
    func contentBeforeLabel(index: Int) async throws {
        let (label, body) = Self.grants[index]
        let driver = try await refreshed(body, label: label)
        #expect(try await driver.token() == "new1")
        #expect(try await driver.status()["status"] == "active")
        // The new refresh token is what is used from now on.
        driver.time.advance(seconds: 4_000)
        driver.provider.next(.answer(200, #"{"access_token":"new2","expires_in":3600}"#))
        #expect(try await driver.token() == "new2")
        #expect(Provider.form(driver.provider.calls[1].body)["refresh_token"] == "rt2")
    }

    @Test(
        "a refusal is one under any label",
        arguments: ["text/plain", "application/xml", "text/html", "", "application/x-www-form-urlencoded"])
    func refusalUnderAnyLabel(label: String) async throws {
        for body in [
            #"{"error":"invalid_grant"}"#, "error=invalid_grant&error_description=x", #"{"error":{"code":"invalid_grant"}}"#,
        ] {
            let driver = try await refreshed(body, status: 400, label: label)
            #expect(await driver.fetchReason() == "token_expired", "\(body)")
            #expect(try await driver.status()["reason"] == "invalid_grant")
        }
    }

    @Test(
        "a page is no grant although it has something like one in it",
        arguments: [
            "<html><a href='?x&access_token=abc&y'>sign in</a></html>", "Please go to /login?a=1&access_token=abc first",
            #"["access_token"]"#, "access_token", "{", "",
        ])
    func page(body: String) async throws {
        let driver = try await refreshed(body, label: "text/html")
        #expect(await driver.fetchReason() == "provider_failing")
        #expect(try await driver.status()["refresh_in_doubt"] == true)
    }

    @Test(
        "an error that is empty, null or false is none, and beside a token no error throws it away",
        arguments: ["\"\"", "null", "false", "\" \"", "0", "[]", "{}", "\"odd\"", "true"])
    func emptyError(error: String) async throws {
        let driver = try await refreshed(#"{"access_token":"A2","refresh_token":"R2","expires_in":3600,"error":\#(error)}"#)
        #expect(try await driver.token() == "A2")
        driver.time.advance(seconds: 4_000)
        driver.provider.next(.answer(200, #"{"access_token":"A3","expires_in":3600}"#))
        #expect(try await driver.token() == "A3")
        #expect(Provider.form(driver.provider.calls[1].body)["refresh_token"] == "R2")
    }

    /// A JWT's middle; the rest of it does not matter here.
    private static func jwt(_ claims: String) -> String {
        "eyJhbGciOiJub25lIn0.\(Base64.encode(Array(claims.utf8), as: .url)).sig"
    }

    /// `member`, the life that it means in seconds; nil is no end.
    static let lives: [(member: String, life: Int?)] = [
        (#""expires_in":1800"#, 1_800), (#""expires_in":"1800""#, 1_800), (#""expires_in":"1800 ""#, 1_800),
        (#""expires_in":1800.5"#, 1_800), (#""expires_in":"1.8e3""#, 1_800), (#""expires_in":1e99"#, 315_360_000),
        (#""expires_in":null"#, nil), (#""other":1"#, nil),
        // Odd: as long as the one before it.
        (#""expires_in":"""#, 3_600), (#""expires_in":"soon""#, 3_600), (#""expires_in":true"#, 3_600),
        (#""expires_in":{}"#, 3_600), (#""expires_in":"0x10""#, 3_600), (#""expires_in":"nan""#, 3_600),
        // A moment in place of a number of seconds: 2026-01-01T00:00:00Z is where the clock stands at first.
        (#""expires_at":"SOON""#, 3_600),
    ]

    @Test("expires_in is read in every form, and an odd one never makes a token endless", arguments: lives.indices)
    func life(index: Int) async throws {
        let (member, life) = Self.lives[index]
        let driver = try await refreshed(#"{"access_token":"A2","refresh_token":"R2",\#(member)}"#)
        let shown = try await driver.send(.read, Self.path)
        #expect(shown["access_token"] == "A2" && shown["expires_in"] == life.map { .int($0) } ?? .null, "\(member)")
    }

    @Test(
        "a token that is over already is none: its refresh token is kept, and the provider is asked less and less often",
        arguments: [
            #""expires_in":0"#, #""expires_in":"0""#, #""expires_in":-1"#, #""expires_in":"-1 ""#, #""expires_in":0.4"#,
            #""expires_in":5"#, #""expires_at":1"#, #""expires_at":"1999-01-01T00:00:00Z""#,
        ])
    func over(member: String) async throws {
        let driver = try await refreshed(#"{"access_token":"A2","refresh_token":"R2",\#(member)}"#)
        let refused = try #require(await driver.refusal(.read, Self.path))
        #expect(refused.reason == "provider_failing" && refused.messages.first?.contains("token_already_expired") == true)
        #expect(await driver.fetchReason() == "provider_failing")
        #expect(driver.provider.calls.count == 1)
        let status = try await driver.status()
        #expect(status["status"] == "refresh_failing" && status["refresh_in_doubt"] == nil && status["expires_at"] != .null)
        driver.time.advance(seconds: 40)
        driver.provider.next(.answer(200, #"{"access_token":"A3","expires_in":3600}"#))
        #expect(try await driver.token() == "A3")
        #expect(Provider.form(driver.provider.calls[1].body)["refresh_token"] == "R2")
    }

    @Test(
        "where the profile names a life time, it takes the place of one that cannot be",
        arguments: ["0", "-5", "\"\"", "\"x\"", "[]"])
    func profileLife(value: String) async throws {
        let path = "tokens/user:u1/prod/lasting"
        let driver = try await refreshed(#"{"access_token":"A2","expires_in":\#(value)}"#, at: path)
        #expect(try await driver.send(.read, path)["expires_in"] == 1_800)
    }

    @Test("expires_at is a moment in seconds, milliseconds or as a text")
    func moment() async throws {
        let probe = ConnectionsDriver()
        let now = probe.time.now().seconds + 4_000
        let text = try await {
            try await probe.connect()
            return try await probe.send(.read, Self.path)["expires_at"]?.stringValue ?? ""
        }()
        #expect(text.utf8.count == 20)
        for value in ["\(now + 1_200)", "\"\(now + 1_200)\"", "\((now + 1_200) * 1_000)", "\(now + 1_200).25"] {
            let driver = try await refreshed(#"{"access_token":"A2","expires_at":\#(value)}"#)
            #expect(try await driver.send(.read, Self.path)["expires_in"] == 1_200, "\(value)")
        }
        // Seconds since 1970 under the other name.
        let driver = try await refreshed(#"{"access_token":"A2","expires_in":\#(now + 1_200)}"#)
        #expect(try await driver.send(.read, Self.path)["expires_in"] == 1_200)
    }

    @Test("a JWT ends with its exp, and one whose exp has passed is over")
    func jwtExpiry() async throws {
        let now = ConnectionsDriver().time.now().seconds + 4_000
        for (claims, life) in [
            (#"{"exp":\#(now + 900)}"#, 900), (#"{"exp":\#(now + 900).75}"#, 900), (#"{"exp":"\#(now + 900)"}"#, 900),
        ] {
            let driver = try await refreshed(#"{"access_token":"\#(Self.jwt(claims))"}"#)
            #expect(try await driver.send(.read, Self.path)["expires_in"] == .int(life), "\(claims)")
        }
        for claims in [#"{"exp":\#(now - 1)}"#, #"{"exp":0}"#, #"{"exp":-9223372036854775808}"#] {
            let driver = try await refreshed(#"{"access_token":"\#(Self.jwt(claims))"}"#)
            #expect(await driver.fetchReason() == "provider_failing", "\(claims)")
        }
        let driver = try await refreshed(#"{"access_token":"\#(Self.jwt(#"{"exp":1e999}"#))"}"#)
        #expect(try await driver.send(.read, Self.path)["expires_in"] == 315_360_000)
    }

    @Test(
        "an empty scope is no statement: what was granted stays granted",
        arguments: ["\"\"", "\" \"", "[]", "null", "[\"\"]", "7", "{}"])
    func emptyScope(scope: String) async throws {
        let driver = try await refreshed(#"{"access_token":"A2","expires_in":3600,"scope":\#(scope)}"#)
        #expect(try await driver.token(query: ["scopes": "read,write"]) == "A2")
        #expect(try await driver.status()["scopes"] == ["read", "write"])
    }

    @Test("scopes that the provider names take the place of what was granted")
    func narrowedScope() async throws {
        let driver = try await refreshed(#"{"access_token":"A2","expires_in":3600,"scope":["read files"]}"#)
        #expect(await driver.fetchReason(query: ["scopes": "write"]) == "insufficient_scope")
        #expect(try await driver.status()["scopes"] == ["read", "files"])
    }

    @Test(
        "a refresh token that is empty or odd is none: the one there is is kept",
        arguments: ["\"\"", "null", "{}", "[]", "false", "\"\u{e9}\""])
    func oddRefreshToken(value: String) async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        driver.time.advance(seconds: 4_000)
        for _ in 0..<2 {
            driver.provider.next(.answer(200, #"{"access_token":"A2","refresh_token":\#(value),"expires_in":3600}"#))
            #expect(try await driver.token() == "A2")
            driver.time.advance(seconds: 4_000)
        }
        let sent = driver.provider.calls.map { Provider.form($0.body)["refresh_token"] }
        #expect(sent[0] == sent[1])
    }
}
