/// Durations in the form of the Vault API: `90`, `1h30m`, `1.5h`, `24h`, `7d`. A number alone is in seconds.
public enum DurationText {
    /// The longest duration that is accepted: a hundred years. A larger number is a mistake, and sums of a few cannot overflow.
    public static let secondsMax = 100 * 366 * 86_400

    /// Returns a duration in seconds, or nil if the text is not a duration, is negative, has a fraction of a second or is longer than
    /// ``secondsMax``.
    public static func seconds(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 32 else { return nil }
        if let plain = number(text.utf8[...]) { return plain <= secondsMax ? plain : nil }
        var rest = text.utf8[...]
        // A hundred years in nanoseconds fit into 64 bits, but intermediate products may not.
        var total: Int128 = 0
        while !rest.isEmpty {
            let whole = rest.prefix(while: \.isASCIIDigit)
            rest = rest.dropFirst(whole.count)
            var fraction = rest.prefix(0)
            if rest.first == UInt8(ascii: ".") {
                fraction = rest.dropFirst().prefix(while: \.isASCIIDigit)
                rest = rest.dropFirst(1 + fraction.count)
            }
            let unit = rest.prefix { !$0.isASCIIDigit && $0 != UInt8(ascii: ".") }
            rest = rest.dropFirst(unit.count)
            guard whole.count + fraction.count > 0, whole.count <= 18, fraction.count <= 9,
                let scale = nanoseconds(String(Substring(unit)))
            else { return nil }
            total += Int128(number(whole) ?? 0) * scale
            let parts = Int128(number(fraction) ?? 0) * scale
            let divisor = fraction.reduce(Int128(1)) { product, _ in product * 10 }
            guard parts.isMultiple(of: divisor) else { return nil }
            total += parts / divisor
            guard total <= Int128(secondsMax) * nanosecondsInSecond else { return nil }
        }
        guard total.isMultiple(of: nanosecondsInSecond) else { return nil }
        return Int(total / nanosecondsInSecond)
    }

    private static let nanosecondsInSecond: Int128 = 1_000_000_000

    /// Returns a duration in the form of Vault's table output, such as `1h30m0s`.
    public static func text(seconds: Int) -> String {
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
        if hours > 0 { return "\(hours)h\(minutes)m\(rest)s" }
        return minutes > 0 ? "\(minutes)m\(rest)s" : "\(rest)s"
    }

    /// Returns a duration without the parts that are zero, such as `1h30m`, `768h` or `1m30s`, for warnings about lifetimes.
    public static func shortText(seconds: Int) -> String {
        let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")].filter { $0.0 != 0 }
        return parts.isEmpty ? "0s" : parts.map { "\($0.0)\($0.1)" }.joined()
    }

    private static func number(_ digits: Substring.UTF8View) -> Int? {
        guard !digits.isEmpty, digits.allSatisfy(\.isASCIIDigit) else { return nil }
        return Int(Substring(digits))
    }

    private static func nanoseconds(_ unit: String) -> Int128? {
        switch unit {
        case "ms": 1_000_000
        case "s": nanosecondsInSecond
        case "m": 60 * nanosecondsInSecond
        case "h": 3_600 * nanosecondsInSecond
        case "d": 86_400 * nanosecondsInSecond
        default: nil
        }
    }
}
