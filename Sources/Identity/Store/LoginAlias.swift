/// The identity that an auth method reports for a login.
package struct LoginAlias: Sendable, Hashable {
    /// The accessor of the auth mount.
    package var mountAccessor: String
    /// The name that the auth mount knows the caller by.
    package var name: String
    /// Metadata to keep with the alias.
    package var metadata: [String: String]
    /// The names of the caller's groups, as the auth mount reports them.
    package var groups: [String]

    /// Creates an alias without groups unless some are given.
    package init(mountAccessor: String, name: String, metadata: [String: String] = [:], groups: [String] = []) {
        self.mountAccessor = mountAccessor
        self.name = name
        self.metadata = metadata
        self.groups = groups
    }
}
