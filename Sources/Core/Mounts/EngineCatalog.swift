package import EngineKit

/// The types of secrets engines and auth methods that can be mounted, and the authenticators of inline credentials. The composition
/// root fills it.
package struct EngineCatalog: Sendable {
    private var secrets: [String: EngineDescription] = [:]
    private var auth: [String: EngineDescription] = [:]
    private(set) var inline: [InlineAuthenticatorDescription] = []

    /// Creates an empty catalog.
    package init() {}

    /// Adds a type of secrets engine, replacing one with the same name.
    package mutating func addSecretsEngine(_ description: EngineDescription) { secrets[description.type] = description }
    /// Adds a type of auth method, replacing one with the same name.
    package mutating func addAuthMethod(_ description: EngineDescription) { auth[description.type] = description }

    /// Adds an authenticator of inline credentials, replacing one of the same kind.
    package mutating func addInlineAuthenticator(_ description: InlineAuthenticatorDescription) {
        inline.removeAll { $0.kind == description.kind }
        inline.append(description)
    }

    /// Returns the type with this name, or nil if there is none. Does not resolve aliases; see ``resolve(_:_:)``.
    func description(_ type: String, _ mountClass: MountEntry.Class) -> EngineDescription? { types(of: mountClass)[type] }

    /// Returns the type with this name or alias and the options that the alias implies, or nil if there is none.
    func resolve(_ name: String, _ mountClass: MountEntry.Class) -> (description: EngineDescription, options: [String: String])? {
        let types = types(of: mountClass)
        if let description = types[name] { return (description, [:]) }
        for description in types.values {
            if let alias = description.aliases.first(where: { $0.name == name }) { return (description, alias.options) }
        }
        return nil
    }

    /// Returns the names of the types that requests may mount, sorted.
    func mountableTypes(_ mountClass: MountEntry.Class) -> [String] {
        types(of: mountClass).filter { !$0.value.isServersOwn }.keys.sorted()
    }

    private func types(of mountClass: MountEntry.Class) -> [String: EngineDescription] {
        mountClass == .auth ? auth : secrets
    }
}

extension EngineCatalog {
    /// Returns the type of a mount, or nil if the server has no such type.
    func description(of entry: MountEntry) -> EngineDescription? { description(entry.type, entry.mountClass) }

    /// Returns the mount's type as the API description names it, such as `kv-v2`; empty for `sys/`.
    func apiName(of entry: MountEntry) -> String {
        if entry.mountClass == .system { return "" }
        return description(of: entry)?.apiName?(entry.options) ?? entry.type
    }
}
