/// A type of engine or auth method: what it is called, what the rest of the server must know about it, and how one is made.
///
/// The core, the server's configuration and identity read everything they need to know about a type from its description, so none
/// of them names a type.
package struct EngineDescription: Sendable {
    /// Another name that a client may mount the type by, such as `kv-v2`. The mount is recorded with the type's own name.
    package struct Alias: Sendable, Hashable {
        /// The name that clients may use.
        package var name: String
        /// Options that the name stands for. They replace those of the request.
        package var options: [String: String]

        /// Creates an alias that stands for the type with these options.
        package init(_ name: String, options: [String: String] = [:]) {
            self.name = name
            self.options = options
        }
    }

    /// Refuses options that the engine does not understand. Throws an error that says which and why.
    package typealias OptionsCheck = @Sendable (_ options: [String: String]) throws(CofferError) -> Void
    /// Refuses a change from the options in force to the ones that would replace them.
    package typealias OptionsChangeCheck =
        @Sendable (_ current: [String: String], _ changed: [String: String]) throws(CofferError) -> Void

    /// The name in `sys/mounts` and in the mount table, such as `kv`.
    package var type: String
    /// One sentence that help shows.
    package var summary: String
    /// The options that the engine reads, or nil if it does not say. A mount's other options raise a warning.
    package var optionNames: Set<String>?
    /// Whether the engine acts with the server's own credentials, which no policy guards except its mount's. Only the
    /// configuration says where such an engine is mounted; no request mounts or moves one.
    package var isServersOwn: Bool
    /// Makes the engine of one mount.
    package var make: @Sendable (MountContext) throws -> any Engine
    /// Called before a mount is recorded and before its options change.
    package var checkOptions: OptionsCheck
    /// Called before the options of a mount change, in addition to ``checkOptions``.
    package var checkOptionsChange: OptionsChangeCheck = { _, _ throws(CofferError) in }
    /// Other names that clients may mount the type by.
    package var aliases: [Alias] = []
    /// Whether the engine is a ``LockingEngine``, so that a mount of it may be tuned with lockout rules.
    package var locksNames = false
    /// Whether the auth method reads names without regard to case. Identity then keeps its aliases in lower case.
    package var foldsAliasCase = false
    /// Returns the name of a mount's type in the API description, given the mount's options; nil means ``type``.
    package var apiName: (@Sendable (_ options: [String: String]) -> String)?

    /// Creates the description of a type.
    package init(
        type: String, summary: String, optionNames: Set<String>? = nil, isServersOwn: Bool = false, locksNames: Bool = false,
        foldsAliasCase: Bool = false,
        checkOptions: @escaping OptionsCheck = { _ throws(CofferError) in },
        make: @escaping @Sendable (MountContext) throws -> any Engine
    ) {
        self.type = type
        self.summary = summary
        self.optionNames = optionNames
        self.isServersOwn = isServersOwn
        self.locksNames = locksNames
        self.foldsAliasCase = foldsAliasCase
        self.checkOptions = checkOptions
        self.make = make
    }

    /// Returns whether the engine reads the option.
    package func reads(option name: String) -> Bool { optionNames?.contains(name) ?? true }
}
