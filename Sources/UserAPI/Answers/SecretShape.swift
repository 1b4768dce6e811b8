import Syntax

/// A secret in the form of the protocol, made from that of the engine.
struct SecretShape {
    private let secret: JSONObject

    init(_ secret: JSONObject) { self.secret = secret }

    /// The secret, with `value` null unless it was revealed.
    func shown(value: JSON = .null) -> JSON {
        [
            "id": part("id"), "user_id": part("owner"), "name": part("name"), "provider": part("provider"),
            "secret_type": part("secret_type"), "description": part("description"), "tags": part("tags"),
            "is_active": part("is_active"), "last_used_at": time("last_used_at"), "usage_count": part("usage_count"),
            "expires_at": time("expires_at"), "created_at": time("created_at"), "updated_at": time("updated_at"),
            "value": value,
        ]
    }

    private func part(_ name: String) -> JSON { secret[name] ?? .null }

    private func time(_ name: String) -> JSON {
        guard let text = secret[name]?.stringValue else { return .null }
        return .string(Self.withoutZone(text))
    }

    /// Returns an RFC 3339 time in UTC as the protocol has it: without a zone, with six digits of the second or with none.
    static func withoutZone(_ text: String) -> String {
        let seconds = text.prefixUTF8("2026-11-30T08:04:14".utf8.count)
        let digits = text.dropFirstUTF8(seconds.utf8.count + 1).prefixUTF8(6)
        guard digits.utf8.count == 6, digits.utf8.allSatisfy({ $0.isASCIIDigit }), digits.utf8.contains(where: { $0 != 0x30 })
        else { return String(seconds) }
        return seconds + "." + digits
    }
}
