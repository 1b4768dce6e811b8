import EngineKit
import Records
import Syntax

/// What an operator sets of a named key.
struct KeySettings: Hashable {
    var algorithm = KeyAlgorithm.rs256
    /// Seconds after which a new key signs.
    var rotationPeriod = 86_400
    /// Seconds that tokens of a key can be verified after another one began to sign.
    var verificationTTL = 86_400
    /// The client ids whose tokens the key may sign; `*` for all.
    var allowedClientIDs: [String] = []

    /// The longest client id, in bytes.
    static let clientIDBytesMax = 256
    private static let clientIDsMax = 1_000

    /// Whether tokens for a client may be signed with the key.
    func allows(clientID: String) -> Bool { allowedClientIDs.contains { $0 == "*" || $0.equalsUTF8(clientID) } }
}

extension KeySettings: SettingsRecord {
    static let settings = Settings(
        new: KeySettings(),
        Setting(
            "algorithm", \.algorithm, as: .choice(empty: .rs256),
            help: "The algorithm of the signatures. Another one than before takes effect at once, with a new key."),
        Setting(
            "allowed_client_ids", \.allowedClientIDs, as: .names(normalize: clientIDs),
            help: "The client ids whose tokens the key may sign; \"*\" for all. None by default."),
        Setting(
            "rotation_period", \.rotationPeriod, as: .duration, help: "How often another key begins to sign; a minute at least."),
        Setting(
            "verification_ttl", \.verificationTTL, as: .duration,
            help: "How long tokens can be verified after the key that signed them was replaced; 10 rotation periods at most."))

    private static func clientIDs(_ ids: [String], field name: String) throws(CofferError) -> [String] {
        guard ids.count <= clientIDsMax else { throw .invalid("field '\(name)' may have \(clientIDsMax) client ids at most") }
        for id in ids { try checkClientID(id, field: name) }
        return ids
    }

    /// Throws unless the text can be a client id: 1 to 256 printable ASCII characters (RFC 6749, A.1).
    static func checkClientID(_ id: String, field name: String) throws(CofferError) {
        guard (1...clientIDBytesMax).contains(id.utf8.count), id.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .invalid("a client id in field '\(name)' must have 1 to \(clientIDBytesMax) printable ASCII characters")
        }
    }

    /// Refuses periods that would publish too many keys.
    func check() throws(CofferError) {
        guard rotationPeriod >= 60 else { throw .invalid("rotation_period must be at least one minute") }
        guard verificationTTL > 0 else { throw .invalid("verification_ttl must be at least one second") }
        guard verificationTTL <= rotationPeriod * 10 else {
            throw .invalid("verification_ttl cannot be longer than 10x rotation_period")
        }
    }
}
