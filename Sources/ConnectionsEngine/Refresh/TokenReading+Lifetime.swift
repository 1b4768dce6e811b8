import Syntax

/// How long a token lives. Whatever was said and cannot be right shortens its life; it never makes it endless.
extension TokenReading {
    /// Ten years: more is a mistake, or a moment where a number of seconds was meant.
    static let lifetimeMax = 315_360_000
    /// Seconds that a token lives whose life time was named but cannot be read, and that had no predecessor.
    static let lifetimeInDoubt = 3_600

    private enum Statement {
        case seconds(Int)
        /// Zero, less, or a moment that has passed.
        case over
        case unreadable
    }

    /// Seconds, 0 for over and nil for no end; and what was odd.
    func lifetime(of token: String, in object: JSONObject) -> (Int?, oddity: String?) {
        let stated = [
            said(profile.answer.expiresIn, in: object).map(duration), said(profile.answer.expiresAt, in: object).map(moment),
            expiry(ofJWT: token),
        ].compactMap { $0 }
        for case .seconds(let seconds) in stated { return (min(seconds, Self.lifetimeMax), nil) }
        if stated.contains(where: { if case .over = $0 { true } else { false } }) {
            return (profile.defaultExpiresIn ?? 0, "expires_in_not_positive")
        }
        guard stated.isEmpty else {
            return (profile.defaultExpiresIn ?? lifetimeBefore ?? Self.lifetimeInDoubt, "expires_in_unreadable")
        }
        return (profile.defaultExpiresIn, nil)
    }

    /// The first of the paths that is there; an empty text is there, because it was meant to be one.
    private func said(_ paths: String, in object: JSONObject) -> JSON? {
        if let value = value(paths, in: object) { return value }
        let name = paths.utf8.trimmed
        guard !name.contains(UInt8(ascii: "|")), !name.contains(UInt8(ascii: ".")) else { return nil }
        let value = object[String(decoding: name, as: UTF8.self)]
        return value.flatMap { $0.isNull ? nil : $0 }
    }

    /// Numbers, also as text, with a fraction or spaces around them, as some providers write them.
    private func duration(_ value: JSON) -> Statement {
        guard let number = Self.number(value) else { return .unreadable }
        let seconds = profile.expiresInUnit == .milliseconds ? number / 1_000 : number
        guard seconds >= 1 else { return .over }
        // Seconds since 1970, where seconds from now were meant.
        if seconds > Double(Self.lifetimeMax), seconds < Double(now) + Double(Self.lifetimeMax) { return left(until: seconds) }
        return .seconds(Int(min(seconds, Double(Self.lifetimeMax))))
    }

    private func moment(_ value: JSON) -> Statement {
        if let number = Self.number(value) {
            // No token lives until the year 5138, so that many are milliseconds.
            return left(until: number >= 1e11 ? number / 1_000 : number)
        }
        guard let text = value.stringValue,
            let seconds = Moment.seconds(.string(String(decoding: text.utf8.trimmed, as: UTF8.self)))
        else { return .unreadable }
        return left(until: Double(seconds))
    }

    private func left(until moment: Double) -> Statement {
        let seconds = moment - Double(now)
        return seconds >= 1 ? .seconds(Int(min(seconds, Double(Self.lifetimeMax)))) : .over
    }

    /// Of a token that is a JWT: until its `exp`. Its signature is the provider's business.
    private func expiry(ofJWT token: String) -> Statement? {
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].starts(with: "eyJ".utf8),
            let bytes = Base64.decode(String(decoding: parts[1], as: UTF8.self), as: .url),
            let ends = (try? JSON(parsing: bytes, limits: JSONLimits(depthMax: 16, nodesMax: 2_000, isLenient: true)))?["exp"],
            let moment = Self.number(ends)
        else { return nil }
        return left(until: moment)
    }

    /// A decimal number; what is too large for one is very large.
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
