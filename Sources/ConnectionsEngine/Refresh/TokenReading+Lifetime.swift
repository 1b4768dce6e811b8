import Syntax

/// How long a token is valid. A lifetime that cannot be right makes a token expire sooner, never later or not at all.
extension TokenReading {
    /// The longest lifetime that is believed: ten years in seconds. A larger number is a mistake, or a point in time where a
    /// duration was meant.
    static let lifetimeMax = 315_360_000
    /// Seconds that a token is taken to be valid if its stated lifetime cannot be read and no earlier token gives a hint.
    static let lifetimeInDoubt = 3_600

    /// What one member of the answer says about the lifetime.
    private enum Statement {
        case seconds(Int)
        /// Zero, a negative number, or a point in time in the past.
        case expired
        case unreadable
    }

    /// Returns the lifetime in seconds (0 if the token has already expired, nil if it never does), and a word for the log if
    /// the answer was malformed.
    func lifetime(of token: String, in object: JSONObject) -> (Int?, oddity: String?) {
        let stated = [
            statedValue(profile.answer.expiresIn, in: object).map(duration),
            statedValue(profile.answer.expiresAt, in: object).map(pointInTime),
            expiry(ofJWT: token),
        ].compactMap { $0 }
        for case .seconds(let seconds) in stated { return (min(seconds, Self.lifetimeMax), nil) }
        if stated.contains(where: { if case .expired = $0 { true } else { false } }) {
            return (profile.defaultExpiresIn ?? 0, "expires_in_not_positive")
        }
        guard stated.isEmpty else {
            return (profile.defaultExpiresIn ?? previousLifetime ?? Self.lifetimeInDoubt, "expires_in_unreadable")
        }
        return (profile.defaultExpiresIn, nil)
    }

    /// Returns the value at the first of the paths that exists. An empty text counts as a value, because a lifetime was meant.
    private func statedValue(_ paths: String, in object: JSONObject) -> JSON? {
        if let value = value(paths, in: object) { return value }
        let name = paths.utf8.trimmed
        guard !name.contains(UInt8(ascii: "|")), !name.contains(UInt8(ascii: ".")) else { return nil }
        let value = object[String(decoding: name, as: UTF8.self)]
        return value.flatMap { $0.isNull ? nil : $0 }
    }

    /// Reads a number of seconds. Some providers send it as text, with a fraction, or with spaces around it.
    private func duration(_ value: JSON) -> Statement {
        guard let number = Self.number(value) else { return .unreadable }
        let seconds = profile.expiresInUnit == .milliseconds ? number / 1_000 : number
        guard seconds >= 1 else { return .expired }
        // Seconds since 1970, where seconds from now belong.
        if seconds > Double(Self.lifetimeMax), seconds < Double(now) + Double(Self.lifetimeMax) { return left(until: seconds) }
        return .seconds(Int(min(seconds, Double(Self.lifetimeMax))))
    }

    /// Reads a point in time: seconds or milliseconds since 1970, or RFC 3339.
    private func pointInTime(_ value: JSON) -> Statement {
        if let number = Self.number(value) {
            // As seconds this would be after the year 5138, so the number is in milliseconds.
            return left(until: number >= 1e11 ? number / 1_000 : number)
        }
        guard let text = value.stringValue,
            let seconds = UnixTime.seconds(.string(String(decoding: text.utf8.trimmed, as: UTF8.self)))
        else { return .unreadable }
        return left(until: Double(seconds))
    }

    /// Returns the seconds from now until a time in seconds since 1970.
    private func left(until time: Double) -> Statement {
        let seconds = time - Double(now)
        return seconds >= 1 ? .seconds(Int(min(seconds, Double(Self.lifetimeMax)))) : .expired
    }

    /// Returns the time until the `exp` claim if the token is a JWT (RFC 7519, section 4.1.4). Its signature is not checked:
    /// only the provider's own servers rely on the token.
    private func expiry(ofJWT token: String) -> Statement? {
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].starts(with: "eyJ".utf8),
            let bytes = Base64.decode(String(decoding: parts[1], as: UTF8.self), as: .url),
            let ends = (try? JSON(parsing: bytes, limits: JSONLimits(depthMax: 16, nodesMax: 2_000, isLenient: true)))?["exp"],
            let time = Self.number(ends)
        else { return nil }
        return left(until: time)
    }

    /// Returns a decimal number from a JSON number or text, or nil if it is neither. A number too large for `Double` becomes
    /// infinity.
    static func number(_ value: JSON) -> Double? {
        let text: String
        switch value {
        case .number(let digits): text = digits
        case .string(let sent): text = String(decoding: sent.utf8.trimmed, as: UTF8.self)
        default: return nil
        }
        let isDecimal = (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { "0123456789.eE+-".utf8.contains($0) }
        guard isDecimal, let number = Double(text), !number.isNaN else { return nil }
        return number
    }
}
