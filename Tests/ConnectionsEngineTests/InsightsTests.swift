import ConnectionsEngine
import EngineKit
import Outbound
import Syntax
import TestSupport
import Testing

@Suite("Insights")
struct InsightsTests {
    @Test("insights tell rates, expiries ahead and owners with something broken, from counters")
    func insights() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        try await driver.connect("tokens/user:u1/prod/other", seconds: 3 * 86_400)
        driver.time.advance(seconds: 4_000)
        driver.provider.next(.answer(503, ""))
        _ = await driver.fetchReason()
        let insights = try await driver.send(.read, "insights", query: ["days": "7", "ahead": "5"])
        #expect(insights["refreshes"]?.arrayValue?.first?["errors"] == ["http_503": 1])
        #expect(insights["refreshes"]?.arrayValue?.first?["failure_rate"] == .number("1.000"))
        #expect(insights["expiries_ahead"]?.arrayValue?.compactMap { $0["count"]?.intValue }.reduce(0, +) == 2)
        #expect(insights["partial_owners"]?["owners"]?.arrayValue?.first?["broken"] == ["prod/acme"])
        #expect(await driver.refusal(.read, "insights", query: ["days": "0"])?.code == .invalidRequest)
    }

    private func failed(_ driver: ConnectionsDriver, days: Int) async throws -> Int {
        let rows = try await driver.send(.read, "insights", query: ["days": String(days)])["refreshes"]?.arrayValue ?? []
        return rows.compactMap { $0["failed"]?.intValue }.reduce(0, +)
    }

    @Test("look back over the chosen window, in counters that outlive the process and that all processes add to")
    func window() async throws {
        let first = ConnectionsDriver()
        let second = first.another()
        for (number, driver) in [first, second, first].enumerated() {
            let path = "tokens/user:u\(number)/prod/acme"
            try await driver.connect(path, seconds: 0)
            driver.provider.next(.answer(400, #"{"error":"invalid_client"}"#))
            _ = await driver.fetchReason(path)
        }
        await first.engine.finish()
        await second.engine.finish()
        let third = first.another()
        #expect(try await failed(third, days: 1) == 3)
        first.time.advance(seconds: 10 * 86_400)
        #expect(try await failed(third, days: 7) == 0)
        #expect(try await failed(third, days: 11) == 3)
    }

    @Test("are bounded: counters of more than 400 days ago go")
    func forgotten() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        await driver.engine.finish()
        #expect(try await driver.keys("counter/").count == 1)
        driver.time.advance(seconds: 402 * 86_400)
        try await driver.connect("tokens/user:u2/prod/acme")
        await driver.engine.finish()
        await driver.engine.finish()
        #expect(try await driver.keys("counter/").count == 1)
    }

    @Test("count what falls due ahead by day, over all platforms, and nothing behind the window")
    func ahead() async throws {
        let driver = ConnectionsDriver()
        for (number, days) in [1, 1, 2, 9].enumerated() {
            let platform = number % 2 == 0 ? "acme" : "other"
            try await driver.connect("tokens/user:u\(number)/prod/\(platform)", seconds: days * 86_400 + 3_600)
        }
        let insights = try await driver.send(.read, "insights", query: ["ahead": "5"])
        let counts = insights["expiries_ahead"]?.arrayValue?.compactMap { $0["count"]?.intValue } ?? []
        #expect(counts.count == 5 && counts.reduce(0, +) == 3 && counts.max() == 2)
        #expect(insights["expiries_counted_whole"] == true)
    }
}
