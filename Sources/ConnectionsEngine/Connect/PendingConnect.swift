import Crypto
import EngineKit
import Syntax

/// A person on the way to a provider and back.
struct PendingConnect: Sendable {
    var id: ConnectionID
    var verifier: String
    /// Seconds since 1970.
    var until: Int
    var actor: String
    var scopes: [String]
    /// Of the secret that the browser was given which opened the start link; empty until one did.
    var browser = ""

    func encoded() -> [UInt8] {
        JSON.object([
            "id": .string(id.description), "verifier": .string(verifier), "until": .int(until), "actor": .string(actor),
            "scopes": .strings(scopes), "browser": .string(browser),
        ]).encoded()
    }

    init(id: ConnectionID, verifier: String, until: Int, actor: String, scopes: [String]) {
        self.id = id
        self.verifier = verifier
        self.until = until
        self.actor = actor
        self.scopes = scopes
    }

    init?(decoding bytes: [UInt8]) {
        guard let json = try? JSON(parsing: bytes), let id = json["id"]?.stringValue.flatMap({ ConnectionID(path: $0) }),
            let verifier = json["verifier"]?.stringValue, let until = json["until"]?.intValue
        else { return nil }
        self.init(
            id: id, verifier: verifier, until: until, actor: json["actor"]?.stringValue ?? "",
            scopes: json["scopes"]?.arrayValue?.compactMap(\.stringValue) ?? [])
        browser = json["browser"]?.stringValue ?? ""
    }

    static func digest(_ text: String) -> String {
        Hex.encode(SHA256.hash(data: Array(text.utf8)))
    }
}

/// What goes to the provider and comes back: where the record lies, and the secret that finds it there.
struct ConnectState: Sendable {
    /// Seconds since 1970.
    var until: Int
    /// Whose allowance it counts against, as a tag.
    var starter: String
    var secret: String

    init(until: Int, starter: String, secret: String) {
        self.until = until
        self.starter = starter
        self.secret = secret
    }

    /// nil for anything that ``text`` did not make.
    init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 2, omittingEmptySubsequences: false)
        guard text.utf8.count <= 128, parts.count == 3, (1...12).contains(parts[0].count),
            let until = Int(String(decoding: parts[0], as: UTF8.self)), until > 0, parts[1].count == Self.tagBytes,
            parts[1].allSatisfy({ $0.isLowercaseHexDigit }), !parts[2].isEmpty
        else { return nil }
        self.init(
            until: until, starter: String(decoding: parts[1], as: UTF8.self), secret: String(decoding: parts[2], as: UTF8.self))
    }

    var text: String { "\(until).\(starter).\(secret)" }

    /// Records of one starter lie together, in the order of their ends, so old ones are swept from the front.
    var key: String { "\(Self.prefix(starter))\(ConnectionStore.Key.bucket(until))/\(PendingConnect.digest(secret))" }

    static let all = "pending/"
    private static let tagBytes = 16

    static func prefix(_ starter: String) -> String { "\(all)\(starter)/" }

    /// Of an engine or a user, for as long as names go.
    static func tag(_ name: String) -> String { String(PendingConnect.digest(name).prefix(tagBytes)) }

    /// When the record of a name below ``all`` ends; nil for one that is none of these.
    static func end(_ name: String) -> Int? {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"))
        return parts.count == 3 ? Int(String(decoding: parts[1], as: UTF8.self)) : nil
    }
}
