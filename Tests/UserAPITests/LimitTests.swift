import EngineKit
import Syntax
import TestSupport
import Testing

@testable import UserAPI

@Suite("Limits of the User API")
struct LimitTests {
    private typealias Harness = UserAPIHarness

    @Test("are told with every answer, and end with the minute")
    func told() async throws {
        let server = try await Harness({ $0.limits.writes = 2 })
        #expect(await server.store().headers["x-ratelimit-remaining"] == "1")
        #expect(await server.store().headers["x-ratelimit-remaining"] == "0")
        let refused = await server.store()
        #expect(refused.status == 429 && refused.text == #"{"error":"Rate limit exceeded: 2 per 1 minute"}"#)
        let wait = try #require(refused.headers["retry-after"].flatMap { Int($0) })
        #expect((1...60).contains(wait) && refused.headers["x-ratelimit-limit"] == "2")
        // Reads, other users and other addresses have counts of their own.
        #expect(await server.ask("GET", "/api/v1/secrets").status == 200)
        #expect(await server.store(as: Harness.bob).status == 201)
        server.time.advance(seconds: wait)
        #expect(await server.store().status == 201)
    }

    @Test("of reveals hold for a user from everywhere")
    func reveals() async throws {
        let server = try await Harness({ $0.limits.reveals = 2 })
        let path = "/api/v1/secrets/\(await server.store()["id"]?.stringValue ?? "")?decrypt=true"
        for (index, status) in [200, 200, 429].enumerated() {
            let answer = await server.ask("GET", path, bearer: "Bearer " + server.token(), from: "192.0.2.\(index)")
            #expect(answer.status == status)
            #expect(answer.text.contains("canary") == (status == 200))
        }
    }

    @Test("are not used up by strangers who name the user")
    func strangers() async throws {
        let server = try await Harness({ $0.limits.reads = 2 })
        let forged = "Bearer " + server.token(secret: "another-secret-that-is-long-enough-too")
        for _ in 0..<10 { #expect(await server.ask("GET", "/api/v1/secrets", bearer: forged).status == 401) }
        #expect(server.dialect.limiter.keysCount == 0)
        #expect(await server.ask("GET", "/api/v1/secrets").headers["x-ratelimit-remaining"] == "1")
    }

    @Test("count no more keys than there is room for")
    func bounded() {
        let limiter = RateLimiter(time: ManualTime())
        for index in 0..<(RateLimiter.keysMax + 10) { _ = limiter.take("k\(index)", limit: 1) }
        #expect(limiter.keysCount <= RateLimiter.keysMax)
    }

    @Test(
        "times have no zone, and six digits or none",
        arguments: [
            ("2026-11-30T08:04:14.754683000Z", "2026-11-30T08:04:14.754683"),
            ("2026-11-30T08:04:14.000000000Z", "2026-11-30T08:04:14"),
            ("2026-11-30T08:04:14Z", "2026-11-30T08:04:14"), ("2026-11-30T08:04:14.100000000Z", "2026-11-30T08:04:14.100000"),
        ])
    func times(stored: String, shown: String) { #expect(SecretShape.withoutZone(stored) == shown) }
}
