import EngineKit
import Syntax

/// A secret of a user, with its current value sealed.
struct UserSecret: Sendable {
    /// One of the values that the secret has had.
    struct Version: Sendable, Hashable {
        var number: Int
        var createdAt: Timestamp
        var createdBy: String
        /// See ``DataKey/fingerprint(of:)``.
        var fingerprint: String
    }

    /// What a test of the value showed.
    struct Test: Sendable, Hashable {
        var outcome: String
        var at: Timestamp
    }

    let id: SecretID
    /// Tells secrets of the same provider and type apart; nil for the one that has no label.
    let label: String?
    var name: String
    var description: String?
    var tags: [String] = []
    var terms: UseTerms
    /// The last four characters of the value, if it is long enough and of a type of which they may be shown.
    var hint: String?
    let createdAt: Timestamp
    let createdBy: String
    var updatedAt: Timestamp
    var lastTest: Test?
    /// Grows with every change of the record. The pair has it too, so that an older record put back is noticed.
    var revision = 1
    /// The values that are kept, oldest first; never empty. The last is the current one.
    var versions: [Version]
    var sealed: SealedValue

    /// How many versions are kept, the current one among them.
    static let versionsMax = 10
    /// The longest value, in bytes.
    static let valueBytesMax = 65_536

    var pairID: PairID { PairID(provider: terms.provider, type: terms.type) }
    /// The number of the current version.
    var version: Int { versions.last?.number ?? 0 }

    /// Where the current value belongs.
    func place(of owner: Owner) -> ValuePlace { ValuePlace(owner: owner, id: id, version: version, terms: terms) }
    /// Where an earlier value belongs.
    func oldPlace(of owner: Owner, version: Int) -> ValuePlace {
        ValuePlace(owner: owner, id: id, version: version, terms: nil)
    }

    /// Whether it can be used.
    func status(at now: Timestamp) -> SecretStatus {
        if !terms.isActive { return .inactive }
        if let end = terms.expiresAt, end <= now { return .expired }
        return .active
    }
}

/// Whether a secret can be used.
enum SecretStatus: String, Sendable, CaseIterable { case active, inactive, expired }

/// Types of secrets that are treated in a way of their own. Any other text may be a type as well.
enum SecretType {
    static let oauthToken = "oauth_token"
    static let password = "password"
    static let connectionString = "connection_string"
}

/// The end of a value that may be shown.
enum Hint {
    /// The shortest value of which an end is shown, in characters.
    static let charactersMin = 16

    /// Returns the last four characters, or nil if the value is short, is of a type of which nothing is shown, or ends in
    /// something that is not visible text. White space at the end does not count.
    static func of(_ value: String, type: String) -> String? {
        guard type != SecretType.password, type != SecretType.connectionString else { return nil }
        let text = value.trimmingASCIISpace()
        // A value of 64 KiB has far more characters, so counting stops early.
        guard text.unicodeScalars.prefix(charactersMin).count == charactersMin else { return nil }
        let end = text.utf8.suffix(4)
        return end.allSatisfy { (0x21...0x7E).contains($0) } ? String(decoding: end, as: UTF8.self) : nil
    }
}
