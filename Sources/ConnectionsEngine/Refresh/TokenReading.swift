import Outbound
import Syntax

/// Reads a provider's answer to a token request.
///
/// An empty or malformed member counts as absent. An access token is never discarded because of other members, since the
/// provider may not issue it a second time.
struct TokenReading: Sendable {
    /// The profile of the platform, which says where the members are.
    let profile: PlatformProfile
    /// The current time in seconds since 1970.
    let now: Int
    /// Seconds that the previous token was valid for, or nil if unknown.
    var previousLifetime: Int?

    /// The longest token that is stored.
    static let tokenBytesMax = 16_384

    /// Returns what the answer means.
    func outcome(_ reply: OutboundReply) -> TokenOutcome {
        let object = AnswerBody.object(reply)
        let code = object.flatMap(errorCode)
        switch reply.status {
        case 200...299:
            if let object, var answer = answer(object) {
                if code != nil { answer.oddities.append("error_beside_token") }
                return .granted(answer)
            }
            if let code { return classified(code, reply) }
            return .unknown(code: "answer_unreadable")
        case 429: return .failed(code: "rate_limited", retryAfter: reply.retryAfter, isProviders: true)
        case 500...599: return .failed(code: "http_\(reply.status)", retryAfter: reply.retryAfter, isProviders: true)
        case 400...499:
            guard let code else { return .failed(code: "http_\(reply.status)", retryAfter: reply.retryAfter, isProviders: false) }
            return classified(code, reply)
        default: return .failed(code: "redirected", retryAfter: nil, isProviders: false)
        }
    }

    /// Returns what an error code means: the end of the grant, a temporary failure of the provider, or another failure.
    private func classified(_ code: String, _ reply: OutboundReply) -> TokenOutcome {
        if code == "invalid_grant" || profile.reauthorizeErrors.contains(code) { return .reauthorize(code: code) }
        let isOutage = ["temporarily_unavailable", "server_error", "slow_down", "ratelimited", "rate_limited"].contains(code)
        return .failed(code: code, retryAfter: reply.retryAfter, isProviders: isOutage)
    }

    // MARK: Errors

    /// Returns the error code of the answer as a short word, or nil if it reports no error. Absent, null, false, zero and empty
    /// members report none. A provider's own prose becomes `unknown_error`.
    private func errorCode(_ object: JSONObject) -> String? {
        let stated = value(profile.answer.error, in: object) ?? object["error"]
        let word: String?
        switch stated {
        case .string(let text)?: word = text.utf8.trimmed.isEmpty ? nil : text
        case .bool(true)?: word = ""
        case .number(let digits)?: word = Double(digits) == 0 ? nil : ""
        case .object(let members)? where !members.isEmpty:
            word = ["code", "type", "error"].lazy.compactMap { members[$0]?.stringValue }.first ?? ""
        case .array(let items)? where !items.isEmpty: word = items.lazy.compactMap(\.stringValue).first ?? ""
        default: word = nil
        }
        guard let word else { return object["ok"] == .bool(false) ? "unknown_error" : nil }
        return Self.code(word)
    }

    /// Returns the text if it looks like an error code, else `unknown_error`.
    private static func code(_ text: String) -> String {
        let bytes = Array(text.utf8.trimmed)
        let isWord =
            (1...64).contains(bytes.count)
            && bytes.allSatisfy { byte in
                byte.isASCIILetterOrDigit || "_.-".utf8.contains(byte)
            }
        // Error codes consist of letters and underscores. A word with many digits could be a token, which must not be logged.
        let hasManyDigits = bytes.count { $0.isASCIIDigit } > 4
        return isWord && !hasManyDigits ? String(decoding: bytes, as: UTF8.self) : "unknown_error"
    }

    // MARK: Tokens

    /// Returns the tokens of an answer, or nil if it holds no usable access token.
    private func answer(_ object: JSONObject) -> TokenAnswer? {
        guard let token = token(profile.answer.accessToken, in: object) else { return nil }
        var answer = TokenAnswer(accessToken: token)
        answer.refreshToken = self.token(profile.answer.refreshToken, in: object)
        if answer.refreshToken == nil, value(profile.answer.refreshToken, in: object) != nil {
            answer.oddities.append("refresh_token_unusable")
        }
        answer.tokenType = object["token_type"]?.stringValue.flatMap { text in
            (1...32).contains(text.utf8.count) && Self.isPlain(text) ? text : nil
        }
        let (lifetime, oddity) = lifetime(of: token, in: object)
        answer.lifetime = lifetime
        if let oddity { answer.oddities.append(oddity) }
        answer.scopes = scopes(value(profile.answer.scopes, in: object))
        for path in profile.keeps {
            guard let text = value(path, in: object)?.stringValue, text.utf8.count <= 1_024 else { continue }
            answer.kept[path.replacingDots] = text
        }
        return answer
    }

    /// Returns the token at the paths, or nil if there is none, or one that could not be sent in a header.
    private func token(_ path: String, in object: JSONObject) -> String? {
        let text: String
        switch value(path, in: object) {
        case .string(let sent)?: text = String(decoding: sent.utf8.trimmed, as: UTF8.self)
        case .number(let digits)?: text = digits
        default: return nil
        }
        return (1...Self.tokenBytesMax).contains(text.utf8.count) && Self.isPlain(text) ? text : nil
    }

    /// Whether the text consists of visible ASCII characters, which can be sent in a header.
    static func isPlain(_ text: String) -> Bool { text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }

    /// Returns the scopes, or nil if none are named. RFC 6749, section 3.3, knows no empty list of scopes, so one counts as
    /// absent.
    private func scopes(_ value: JSON?) -> [String]? {
        let list: [String] =
            switch value {
            case .string(let text)?: ScopeList.split(text)
            case .array(let values)?: values.compactMap(\.stringValue).flatMap(ScopeList.split)
            default: []
            }
        return list.isEmpty ? nil : Array(list.prefix(ScopeList.countMax))
    }

    /// Returns the value at the first of the paths, as in `a | b.c`, that is not null, an empty text or an empty list.
    func value(_ paths: String, in object: JSONObject) -> JSON? {
        for path in paths.utf8.split(separator: UInt8(ascii: "|")) {
            var found: JSON? = .object(object)
            for name in path.split(separator: UInt8(ascii: ".")) {
                found = found?[String(decoding: name.filter { $0 != 0x20 }, as: UTF8.self)]
            }
            if let found, !found.isBlank { return found }
        }
        return nil
    }
}

extension JSON {
    /// Whether the value is null, an empty text or an empty list.
    fileprivate var isBlank: Bool {
        switch self {
        case .null: true
        case .string(let text): text.utf8.trimmed.isEmpty
        case .array(let values): values.isEmpty
        default: false
        }
    }
}

/// Lists of scopes as providers write them, separated by spaces or commas.
enum ScopeList {
    /// The number of scopes that are kept.
    static let countMax = 500

    /// Returns the scopes of a list, at most ``countMax``.
    static func split(_ text: String) -> [String] {
        text.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ",") }.prefix(countMax).map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}

extension String {
    fileprivate var replacingDots: String {
        String(decoding: utf8.map { $0 == UInt8(ascii: ".") ? UInt8(ascii: "_") : $0 }, as: UTF8.self)
    }
}
