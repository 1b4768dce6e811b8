import EngineKit
import Testing

@testable import DatabaseEngine  // The schedule is the engine's own.

@Suite("Cron schedules")
struct CronScheduleTests {
    // A Tuesday.
    static let start = "2023-11-14T22:13:20"

    @Test(
        "the next time is the first that the fields allow",
        arguments: [
            ("* * * * *", "2023-11-14T22:14:00"), ("*/15 * * * *", "2023-11-14T22:15:00"), ("0 * * * *", "2023-11-14T23:00:00"),
            ("0 0 * * *", "2023-11-15T00:00:00"), ("13 22 * * *", "2023-11-15T22:13:00"), ("14 22 * * *", "2023-11-14T22:14:00"),
            ("0 0 * * sun", "2023-11-19T00:00:00"), ("0 0 * * 7", "2023-11-19T00:00:00"), ("0 0 * * 1-5", "2023-11-15T00:00:00"),
            ("0 0 1 * *", "2023-12-01T00:00:00"), ("0 0 31 * *", "2023-12-31T00:00:00"), ("30 4 29 feb *", "2024-02-29T04:30:00"),
            ("0 0 1 1 *", "2024-01-01T00:00:00"), ("0 0 20 * sat", "2023-11-18T00:00:00"), ("5/20 23 * * *", "2023-11-14T23:05:00"),
            ("0,30 12,23 * * *", "2023-11-14T23:00:00"), ("@daily", "2023-11-15T00:00:00"), ("@hourly", "2023-11-14T23:00:00"),
            ("0 22-23/1 * * ?", "2023-11-14T23:00:00"), ("0 0 1-7 * MON", "2023-11-20T00:00:00"),
        ])
    func next(text: String, expected: String) throws {
        let next = try CronSchedule(text).next(after: Timestamp(seconds: 1_700_000_000))
        #expect(next?.description.prefix(19) == expected[...])
    }

    @Test(
        "refuses what is no schedule or never comes",
        arguments: [
            "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 8",
            "5-1 * * * *",
            "*/0 * * * *", "a * * * *", "1,,2 * * * *", "-1 * * * *", "0 0 30 feb *", "0 0 31 4,6,9,11 *", "1/2/3 * * * *",
            "+1 * * * *",
            "* * * * * " + String(repeating: " ", count: 300), "@reboot", "1- * * * *",
        ])
    func refuses(text: String) {
        #expect(throws: CronSchedule.Refusal.self) { try CronSchedule(text) }
    }
}
