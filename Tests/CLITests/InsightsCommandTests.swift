import CLI
import CofferClient
import Syntax
import Testing

@Suite struct InsightsCommandTests {
    static let data: JSON = [
        "window_days": 7,
        "disconnections": [
            ["platform": "slack", "count": 8, "reasons": ["invalid_grant": 6, "gave_up": 2]],
            ["platform": "gmail", "count": 1, "reasons": ["in_doubt": 1]],
        ],
        "expiries_ahead": [
            ["day": "2026-01-01", "count": 400], ["day": "2026-01-02", "count": 0], ["day": "2026-01-03", "count": 1],
        ],
        "refreshes": [
            [
                "platform": "slack", "refreshed": 95, "failed": 5, "failure_rate": .number("0.050"),
                "errors": ["http_503": 4, "rate_limited": 1],
            ]
        ],
        "partial_owners": ["owners": [["owner": "user:u1", "connections": 3, "broken": ["prod/slack", "dev/gmail"]]]],
    ]

    @Test("shows tables with bars as long as the counts")
    func table() async {
        let run = await CommandRun(["insights", "-days=7", "-ahead=3"]) { _, _ in (200, envelope(Self.data)) }
        #expect(run.status == 0)
        #expect(run.lines == ["GET connections/insights?days=7&ahead=3"])
        let full = String(repeating: "█", count: 40)
        #expect(
            run.output == """
                Disconnections in 7 days
                Platform    Count    Reasons
                --------    -----    -------
                slack       8        \(full) invalid_grant 6, gave_up 2
                gmail       1        █████ in_doubt 1

                Upcoming expiries
                Day           Count    \("")
                ---           -----    \("")
                2026-01-01    400      \(full)
                2026-01-03    1        █

                Refreshes
                Platform    Refreshed    Failed    Failure rate    Errors
                --------    ---------    ------    ------------    ------
                slack       95           5         5.0 %           http_503 4, rate_limited 1

                Owners with broken connections
                Owner      Connections    Broken
                -----      -----------    ------
                user:u1    3              prod/slack, dev/gmail

                """)
    }

    @Test("says that there is nothing to tell")
    func empty() async {
        let run = await CommandRun(["insights"]) { _, _ in (200, envelope(["window_days": 30])) }
        #expect(run.lines == ["GET connections/insights?days=30&ahead=14"])
        #expect(
            run.output == """
                Disconnections in 30 days: none

                Upcoming expiries: none

                Refreshes: none

                Owners with broken connections: none

                """)
    }

    @Test("gives the answer as it came in JSON, from another mount too")
    func json() async throws {
        let run = await CommandRun(["insights", "-mount=oauth/", "-format=json"]) { _, _ in (200, envelope(Self.data)) }
        #expect(run.lines == ["GET oauth/insights?days=30&ahead=14"])
        #expect(try JSON(parsing: Array(run.output.utf8))["data"]?["disconnections"]?.arrayValue?.count == 2)
    }

    @Test("ends with 2 when the server refuses")
    func refused() async {
        let run = await CommandRun(["insights", "-days=0"]) { _, _ in (400, ["errors": ["'days' must be 1 to 400"]]) }
        #expect(run.status == 2)
        #expect(run.output.isEmpty && run.errors.contains("'days' must be 1 to 400"))
    }
}
