import Outbound
import Syntax

/// Reads a provider's answer strictly: nothing in it is believed beyond its form.
struct TokenReading: Sendable {
    let profile: PlatformProfile
    /// Seconds since 1970.
    let now: Int

    static let tokenBytesMax = 16_384
    private static let lifetimeMax = 315_360_000

    func outcome(_ reply: OutboundReply) -> TokenOutcome {
        let object = self.object(reply)
        let code = object.flatMap(errorCode)
        switch reply.status {
        case 200...299:
            if let code { return classified(code, reply) }
            guard let object, let answer = answer(object) else { return .unknown(code: "answer_unreadable") }
            return .granted(answer)
        case 429: return .failed(code: "rate_limited", retryAfter: reply.retryAfter, isProviders: true)
        case 500...599: return .failed(code: "http_\(reply.status)", retryAfter: reply.retryAfter, isProviders: true)
        case 400...499:
            guard let code else { return .failed(code: "http_\(reply.status)", retryAfter: reply.retryAfter, isProviders: false) }
            return classified(code, reply)
        default: return .failed(code: "redirected", retryAfter: nil, isProviders: false)
        }
    }

    private func classified(_ code: String, _ reply: OutboundReply) -> TokenOutcome {
        if code == "invalid_grant" || profile.reauthorizeErrors.contains(code) { return .reauthorize(code: code) }
        let isOutage = ["temporarily_unavailable", "server_error", "slow_down", "ratelimited", "rate_limited"].contains(code)
        return .failed(code: code, retryAfter: reply.retryAfter, isProviders: isOutage)
    }

    private func object(_ reply: OutboundReply) -> JSONObject? {
        if reply.contentType == "application/x-www-form-urlencoded" { return FormText.decode(reply.body) }
        guard reply.contentType.hasUTF8Suffix("json") || reply.contentType.isEmpty else { return nil }
        return (try? JSON(parsing: reply.body, limits: JSONLimits(depthMax: 16, nodesMax: 2_000)))?.objectValue
    }

    /// What went wrong, as a word; a provider's own prose never becomes one.
    private func errorCode(_ object: JSONObject) -> String? {
        let stated = value(profile.answer.error, in: object)
        guard stated != nil || object["ok"] == .bool(false) else { return nil }
        if case .null? = stated { return nil }
        guard let text = stated?.stringValue ?? object["error"]?.stringValue else { return "unknown_error" }
        let isWord =
            (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte >= 0x30 && byte <= 0x39 || "_.-".utf8.contains(byte)
            }
        // A word of providers' errors is letters and underscores; whatever has digits in it could be a token.
        let hasManyDigits = text.utf8.count { $0 >= 0x30 && $0 <= 0x39 } > 4
        return isWord && !hasManyDigits ? text : "unknown_error"
    }

    private func answer(_ object: JSONObject) -> TokenAnswer? {
        guard let token = token(profile.answer.accessToken, in: object) else { return nil }
        var answer = TokenAnswer(accessToken: token)
        answer.refreshToken = self.token(profile.answer.refreshToken, in: object)
        answer.tokenType = object["token_type"]?.stringValue.flatMap { $0.utf8.count <= 32 && Self.isPlain($0) ? $0 : nil }
        answer.lifetime =
            lifetime(value(profile.answer.expiresIn, in: object)) ?? lifetime(ofJWT: token) ?? profile.defaultExpiresIn
        answer.scopes = scopes(value(profile.answer.scopes, in: object))
        for path in profile.keeps {
            guard let text = value(path, in: object)?.stringValue, text.utf8.count <= 1_024 else { continue }
            answer.kept[path.replacingDots] = text
        }
        return answer
    }

    private func token(_ path: String, in object: JSONObject) -> String? {
        guard let text = value(path, in: object)?.stringValue, (1...Self.tokenBytesMax).contains(text.utf8.count) else {
            return nil
        }
        return Self.isPlain(text) ? text : nil
    }

    /// Visible ASCII: what can stand in a header.
    static func isPlain(_ text: String) -> Bool { text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }

    /// Numbers, also as text and with a fraction, as some providers write them. Nonsense counts as nothing said.
    private func lifetime(_ value: JSON?) -> Int? {
        let text: String
        switch value {
        case .number(let digits)?, .string(let digits)?: text = digits
        default: return nil
        }
        guard let number = Double(text), number.isFinite, number > 0, number < 1e15 else { return nil }
        let seconds = Int(profile.expiresInUnit == .milliseconds ? number / 1_000 : number)
        return seconds > 0 ? min(seconds, Self.lifetimeMax) : nil
    }

    /// Of a token that is a JWT: until its `exp`. Its signature is the provider's business.
    private func lifetime(ofJWT token: String) -> Int? {
        let parts = token.splitUTF8(at: ".", omittingEmpty: false)
        guard parts.count == 3, parts[0].hasUTF8Prefix("eyJ"), let bytes = Base64URL.decode(parts[1]),
            let ends = (try? JSON(parsing: bytes, limits: JSONLimits(depthMax: 16, nodesMax: 2_000)))?["exp"]?.intValue
        else { return nil }
        return ends > now && ends - now <= Self.lifetimeMax ? ends - now : nil
    }

    private func scopes(_ value: JSON?) -> [String]? {
        switch value {
        case .string(let text)?: ScopeList.split(text)
        case .array(let values)?: Array(values.compactMap(\.stringValue).prefix(ScopeList.countMax))
        default: nil
        }
    }

    /// The first of `a | b.c` that is there.
    private func value(_ paths: String, in object: JSONObject) -> JSON? {
        for path in paths.splitUTF8(at: "|") {
            var found: JSON? = .object(object)
            for name in path.splitUTF8(at: ".") { found = found?[String(name.filter { $0 != " " })] }
            if let found, !found.isNull { return found }
        }
        return nil
    }
}

/// Scopes as providers write them: parted by spaces or commas.
enum ScopeList {
    static let countMax = 500

    static func split(_ text: String) -> [String] {
        text.splitUTF8 { $0 == 0x20 || $0 == UInt8(ascii: ",") }.prefix(countMax).map(String.init)
    }
}

extension String {
    fileprivate var replacingDots: String { String(map { $0 == "." ? "_" : $0 }) }
}
