package import EngineKit
import Syntax

/// `identity/`: who there is, what each is called on which mount, and which groups they are in.
package struct IdentityEngine: SecretsEngine {
    let store: IdentityStore
    /// The mount with an accessor; nil when there is none.
    let mount: @Sendable (String) -> IdentityMount?

    package init(store: IdentityStore, mount: @escaping @Sendable (String) -> IdentityMount?) {
        self.store = store
        self.mount = mount
    }

    package var paths: [EnginePath] {
        entityPaths + mergePaths + aliasPaths + groupPaths + groupAliasPaths + lookupPaths
    }
}

/// A mount as identity shows it.
package struct IdentityMount: Sendable, Hashable {
    /// The path with a final slash, such as `auth/userpass/`.
    package var path: String
    package var type: String
    /// Whether somebody can log in through the mount.
    package var isAuth: Bool
    /// Whether the mount's logins read names without regard to case.
    package var foldsAliasCase: Bool

    package init(path: String, type: String, isAuth: Bool, foldsAliasCase: Bool = false) {
        self.path = path
        self.type = type
        self.isAuth = isAuth
        self.foldsAliasCase = foldsAliasCase
    }
}

extension IdentityEngine {
    static let nameField = Field("name", .string, "Name; one is made up when there is none.")
    static let idField = Field("id", .string, "Id.")
    static let metadataField = Field("metadata", .stringMap, "Facts for people and for templated policies.")
    static let policiesField = Field("policies", .strings, "Policies that every token of it has besides its own.")

    /// One page of the keys below a prefix.
    ///
    /// - Parameter key: The key of what `after` names.
    func page(_ prefix: String, _ request: Request, _ key: (String) -> String = { $0 }) async throws -> [String] {
        var paging = Paging(request.fields, limitMax: Self.pageMax)
        paging.after = paging.after.map(key)
        return try await store.storage.list(Listing(prefix: prefix, paging))
    }

    /// A page is read whole, record by record.
    private static let pageMax = 1_000

    func metadata(_ request: Request, _ name: String = "metadata") throws(CofferError) -> [String: String]? {
        guard let metadata = request.fields.stringMap(name) else { return nil }
        try IdentityLimits.checkMetadata(metadata, field: name)
        return metadata
    }

    func policies(_ request: Request) throws(CofferError) -> [String]? {
        guard let names = request.fields.strings("policies") else { return nil }
        return try IdentityLimits.policies(names, forbidden: store.forbiddenPolicies)
    }

    /// Where an alias is to be: the mount must exist, and the name takes the form that the mount's logins have. What is
    /// not sent stays as the alias has it.
    func place(_ request: Request, of alias: Alias?) throws(CofferError) -> AliasPlace? {
        var (name, accessor) = (request.fields.string("name") ?? "", request.fields.string("mount_accessor") ?? "")
        guard !name.isEmpty || !accessor.isEmpty else { return nil }
        if name.isEmpty { name = alias?.name ?? "" }
        if accessor.isEmpty { accessor = alias?.mountAccessor ?? "" }
        guard !accessor.isEmpty else { throw .invalid("missing mount accessor") }
        guard !name.isEmpty else { throw .invalid("missing alias name") }
        guard let mount = mount(accessor), mount.isAuth else { throw .invalid("invalid mount accessor") }
        try IdentityLimits.checkAliasName(name)
        return AliasPlace(mountAccessor: accessor, name: mount.aliasName(name))
    }
}

extension IdentityMount {
    /// Returns the name as an alias of the mount has it: in lower case where logins read names without regard to case.
    package func aliasName(_ name: String) -> String { foldsAliasCase ? name.lowercased() : name }
}
