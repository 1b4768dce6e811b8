/// Durations as the Vault API writes them: `90`, `"90"`, `"1h30m"`, `"24h"`, `"7d"`.
public enum DurationText {
    /// A hundred years: past this a number is a mistake, and sums of a few cannot overflow.
    public static let secondsMax = 100 * 366 * 86_400

    /// Whole seconds, or nil when the text is no duration, is negative, has a fraction or passes ``secondsMax``.
    public static func seconds(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 32 else { return nil }
        if let plain = number(text.utf8[...]) { return plain <= secondsMax ? plain : nil }
        var rest = text.utf8[...]
        var total = 0
        while !rest.isEmpty {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard let value = number(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            rest = rest.dropFirst(unit.count)
            guard let part = scale(value, String(Substring(unit))) else { return nil }
            total += part
            guard total <= secondsMax else { return nil }
        }
        return total
    }

    /// `1h30m0s`, the way Vault's table output writes a duration.
    public static func text(seconds: Int) -> String {
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
        if hours > 0 { return "\(hours)h\(minutes)m\(rest)s" }
        return minutes > 0 ? "\(minutes)m\(rest)s" : "\(rest)s"
    }

    /// `1h30m`, `768h`, `90s`: without parts that are zero, as warnings about lifetimes write it.
    public static func shortText(seconds: Int) -> String {
        let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")].filter { $0.0 != 0 }
        return parts.isEmpty ? "0s" : parts.map { "\($0.0)\($0.1)" }.joined()
    }

    private static func number(_ digits: Substring.UTF8View) -> Int? {
        guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return Int(Substring(digits))
    }

    private static func scale(_ value: Int, _ unit: String) -> Int? {
        let factor: Int
        switch unit {
        case "s": factor = 1
        case "m": factor = 60
        case "h": factor = 3_600
        case "d": factor = 86_400
        case "ms": return value % 1_000 == 0 ? min(value / 1_000, secondsMax + 1) : nil
        default: return nil
        }
        let (product, overflow) = value.multipliedReportingOverflow(by: factor)
        return overflow || product > secondsMax ? nil : product
    }
}
