/// Something mounted: it declares its paths and handles what arrives on them.
///
/// An engine sees its ``MountContext`` and nothing else. It is made when the mount table is read after an unseal, and again after a
/// change of its mount's entry, so it may keep what it reads, as long as that stays bounded.
package protocol Engine: Sendable {
    /// The declared paths, in the order in which they are tried.
    var paths: [EnginePath] { get }
}

/// Mounted under `sys/mounts`: stores or makes secrets.
package protocol SecretsEngine: Engine {}

/// Mounted under `sys/auth`: its login paths answer with an ``AuthGrant``.
package protocol AuthMethod: Engine {
    /// What a login of the same account would be granted today. Asked before a token of the login gets more time.
    ///
    /// Policies that differ from the token's refuse it; the grant's lifetimes and address ranges hold from then on; its
    /// groups become those of the entity. Throws a ``CofferError`` that says why when the account is gone or may not log in
    /// any more: the token keeps the time it has.
    func renewal(of login: HeldLogin) async throws -> AuthGrant
}

/// An engine with routes where callers name themselves and can fail to prove it. It locks a name after failures, by the rules in
/// ``MountContext/lockout``; its description says ``EngineDescription/locksNames``.
package protocol LockingEngine: Engine {
    /// Returns the names that are locked now.
    func lockedNames() async throws -> [String]
    /// Forgets the failures of a name, in whatever spelling. Does nothing if there are none.
    func unlock(_ name: String) async throws
}
