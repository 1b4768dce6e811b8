import Syntax
import Testing

@Suite("Durations")
struct DurationTextTests {
    @Test(
        "are whole seconds",
        arguments: [
            ("0", 0), ("90", 90), ("007", 7), ("90s", 90), ("1m", 60), ("1h30m", 5_400), ("24h", 86_400), ("7d", 604_800),
            ("1d2h3m4s", 93_784), ("1000ms", 1), ("0s", 0), ("30m1h", 5_400), ("3162240000", 3_162_240_000),
            ("36600d", 3_162_240_000), ("1.5h", 5_400), ("0.5m30s", 60), (".5m", 30), ("1.h", 3_600), ("0.25d", 21_600),
            ("1.5s1500ms", 3), ("0.000000001s0.999999999s", 1), ("0.1m", 6),
        ])
    func accepted(text: String, seconds: Int) {
        #expect(DurationText.seconds(text) == seconds)
    }

    @Test(
        "what is none, negative, broken or absurd is refused",
        arguments: [
            "", " ", "s", "h1", "-1", "-1s", "+1", "1,5h", "1 h", "1h ", " 1h", "1H", "1w", "1y", "1us", "1ns", "1e3",
            "0x10", "1hh",
            "1h-30m", "1500ms", "1h30", "1.5", "1.5s", ".", ".h", "1..5h", "1.5.5h", "0.1ms", "0.0000000001h", "1.5e1h",
            "3162240001", "36601d", "99999999999999999999", "9223372036854775807",
            "9223372036854775807h",
            "36600d1s", "٣", "1ｓ", "1h\n", "null", "true", String(repeating: "1s", count: 20),
        ])
    func refused(text: String) {
        #expect(DurationText.seconds(text) == nil)
    }

    @Test(
        "are written as Vault's tables have them",
        arguments: [(0, "0s"), (59, "59s"), (60, "1m0s"), (3_599, "59m59s"), (5_400, "1h30m0s"), (2_764_800, "768h0m0s")])
    func written(seconds: Int, text: String) {
        #expect(DurationText.text(seconds: seconds) == text)
        #expect(DurationText.seconds(text) == seconds)
    }
}
