/// Who a login method says has logged in.
package struct LoginAlias: Sendable, Hashable {
    package var mountAccessor: String
    package var name: String
    package var metadata: [String: String]
    /// The groups it is in by the mount's own account.
    package var groups: [String]

    package init(mountAccessor: String, name: String, metadata: [String: String] = [:], groups: [String] = []) {
        self.mountAccessor = mountAccessor
        self.name = name
        self.metadata = metadata
        self.groups = groups
    }
}
