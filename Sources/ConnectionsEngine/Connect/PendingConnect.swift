import Crypto
import EngineKit
import Syntax

/// The stored record of a connect flow that has begun and is not complete.
struct PendingConnect: Sendable {
    /// The connection that the flow will store.
    var id: ConnectionID
    /// The PKCE code verifier (RFC 7636, section 4.1).
    var verifier: String
    /// When the flow expires, in seconds since 1970.
    var expiresAt: Int
    /// The display name of the caller who began the flow.
    var actor: String
    /// The scopes that the provider is asked for.
    var scopes: [String]
    /// The digest of the secret given to the browser that opened the link; empty until one has.
    var browser = ""
}

extension PendingConnect {
    /// The record as it is stored.
    func encoded() -> [UInt8] {
        JSON.object([
            "id": .string(id.description), "verifier": .string(verifier), "until": .int(expiresAt), "actor": .string(actor),
            "scopes": .strings(scopes), "browser": .string(browser),
        ]).encoded()
    }

    /// Reads a stored record. Returns nil if it is not one.
    init?(decoding bytes: [UInt8]) {
        guard let json = try? JSON(parsing: bytes), let id = json["id"]?.stringValue.flatMap({ ConnectionID(path: $0) }),
            let verifier = json["verifier"]?.stringValue, let expiresAt = json["until"]?.intValue
        else { return nil }
        self.init(
            id: id, verifier: verifier, expiresAt: expiresAt, actor: json["actor"]?.stringValue ?? "",
            scopes: json["scopes"]?.arrayValue?.compactMap(\.stringValue) ?? [], browser: json["browser"]?.stringValue ?? "")
    }

    /// Returns the SHA-256 digest of the text in hex.
    static func digest(_ text: String) -> String {
        Hex.encode(SHA256.hash(data: Array(text.utf8)))
    }
}

/// The OAuth `state` parameter, which is sent to the provider and returned by it: it says where the ``PendingConnect`` is
/// stored, and contains the secret that is needed to find that record.
struct ConnectState: Sendable {
    /// When the flow expires, in seconds since 1970.
    var expiresAt: Int
    /// The tag of the engine or user whose limit of pending connects this one counts against.
    var initiatorTag: String
    /// A random secret.
    var secret: String
}

extension ConnectState {
    /// Parses a state. Returns nil for anything that ``text`` did not produce.
    init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 2, omittingEmptySubsequences: false)
        guard text.utf8.count <= 128, parts.count == 3, (1...12).contains(parts[0].count),
            let expiresAt = Int(String(decoding: parts[0], as: UTF8.self)), expiresAt > 0, parts[1].count == Self.tagBytes,
            parts[1].allSatisfy({ $0.isLowercaseHexDigit }), !parts[2].isEmpty
        else { return nil }
        self.init(
            expiresAt: expiresAt, initiatorTag: String(decoding: parts[1], as: UTF8.self),
            secret: String(decoding: parts[2], as: UTF8.self))
    }

    /// The state as the provider receives it: `<expiry>.<tag>.<secret>`.
    var text: String { "\(expiresAt).\(initiatorTag).\(secret)" }

    /// The key of the pending connect. The records of one initiator share a prefix and sort by expiry, so the expired ones come
    /// first.
    var key: String {
        "\(Self.prefix(initiatorTag))\(ConnectionStore.Key.bucket(expiresAt))/\(PendingConnect.digest(secret))"
    }

    /// The prefix of all pending connects.
    static let keyPrefix = "pending/"
    private static let tagBytes = 16

    /// Returns the prefix of one initiator's pending connects.
    static func prefix(_ initiatorTag: String) -> String { "\(keyPrefix)\(initiatorTag)/" }

    /// Returns the tag of an engine's or user's name: 16 hex digits of its SHA-256 digest, so that names of any length fit in a
    /// key.
    static func tag(_ name: String) -> String { String(PendingConnect.digest(name).prefix(tagBytes)) }

    /// Returns when the record expires whose key is ``keyPrefix`` and `name`, or nil if the name does not have that form.
    static func expiry(ofName name: String) -> Int? {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"))
        return parts.count == 3 ? Int(String(decoding: parts[1], as: UTF8.self)) : nil
    }
}
