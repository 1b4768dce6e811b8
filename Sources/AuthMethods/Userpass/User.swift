import EngineKit
import Records
import Syntax

/// A user of the userpass method: a name, the hash of a password, and the settings of the user's tokens.
struct User: Record, Hashable {
    private(set) var name: String
    /// An id that differs from that of a later user of the same name. Empty for users created before users had one.
    private(set) var uid: String
    var password: PasswordHash
    var tokens = TokenFields()
}

extension User: SettingsRecord {
    static let settings = Settings(
        new: User(name: "", uid: "", password: .matchingNothing), required: ["name", "password", "tokens"], sortsShown: true,
        .kept("name", \.name, as: .text), .kept("uid", \.uid, as: .text), .kept("password", \.password, as: .passwordHash),
        .group(\.tokens, stored: "tokens", oldNames: ["policies", "ttl", "max_ttl", "bound_cidrs"]))
}

extension SettingKind where Value == PasswordHash {
    /// The hash of a password, which is stored and never shown.
    fileprivate static var passwordHash: Self {
        Self(
            .object, shown: { _ in nil }, stored: { .object($0.stored) },
            read: { $0.objectValue.flatMap(PasswordHash.init(stored:)) })
    }
}
