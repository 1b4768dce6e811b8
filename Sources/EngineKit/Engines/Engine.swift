/// Something mounted: it declares its paths and handles what arrives on them.
///
/// An engine sees its ``MountContext`` and nothing else. It is made when the mount table is read after an unseal, and again after a
/// change of its mount's entry, so it may keep what it reads, as long as that stays bounded.
package protocol Engine: Sendable {
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

/// An auth method that locks names after failed logins: what shows and frees them.
package protocol LockingAuthMethod: AuthMethod {
    func lockedNames() async throws -> [String]
    /// Forgets the failures of a name, in whatever spelling; nothing happens if there are none.
    func unlock(_ name: String) async throws
}

/// How the catalogue makes an engine.
package struct EngineDescription: Sendable {
    /// The name in `sys/mounts`, such as `kv`.
    package var type: String
    package var summary: String
    /// The options it reads; nil when it does not say.
    package var optionNames: Set<String>?
    /// Acts with credentials of the server's own, which no policy guards but its mount's: so the configuration alone says
    /// where it is mounted, and no request mounts or moves one.
    package var isServersOwn: Bool
    package var make: @Sendable (MountContext) throws -> any Engine
    /// Refuses options this engine does not understand, before the mount is recorded.
    package var checkOptions: @Sendable ([String: String]) throws(CofferError) -> Void

    package init(
        type: String, summary: String, optionNames: Set<String>? = nil, isServersOwn: Bool = false,
        checkOptions: @escaping @Sendable ([String: String]) throws(CofferError) -> Void = { _ throws(CofferError) in },
        make: @escaping @Sendable (MountContext) throws -> any Engine
    ) {
        self.type = type
        self.summary = summary
        self.optionNames = optionNames
        self.isServersOwn = isServersOwn
        self.checkOptions = checkOptions
        self.make = make
    }

    package func reads(option name: String) -> Bool { optionNames?.contains(name) ?? true }
}
