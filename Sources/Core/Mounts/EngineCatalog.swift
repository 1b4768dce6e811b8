package import EngineKit

/// The types of engines and auth methods that can be mounted, and the authenticators of inline credentials. The composition root
/// fills it.
package struct EngineCatalog: Sendable {
    private var secrets: [String: EngineDescription] = [:]
    private var auth: [String: EngineDescription] = [:]
    private(set) var inline: [InlineAuthenticatorDescription] = []

    package init() {}

    package mutating func addSecretsEngine(_ description: EngineDescription) { secrets[description.type] = description }
    package mutating func addAuthMethod(_ description: EngineDescription) { auth[description.type] = description }

    /// Lets a dialect's own credentials in.
    package mutating func addInlineAuthenticator(_ description: InlineAuthenticatorDescription) {
        inline.removeAll { $0.kind == description.kind }
        inline.append(description)
    }

    /// Returns the type with this name, or nil if there is none. Aliases are no types: see ``resolve(_:_:)``.
    func description(_ type: String, _ mountClass: MountEntry.Class) -> EngineDescription? { types(of: mountClass)[type] }

    /// Returns the type that clients mount by this name, with the options that the name stands for.
    func resolve(_ name: String, _ mountClass: MountEntry.Class) -> (description: EngineDescription, options: [String: String])? {
        let types = types(of: mountClass)
        if let description = types[name] { return (description, [:]) }
        for description in types.values {
            if let alias = description.aliases.first(where: { $0.name == name }) { return (description, alias.options) }
        }
        return nil
    }

    /// Returns the names of the types that a request may mount.
    func mountableTypes(_ mountClass: MountEntry.Class) -> [String] {
        types(of: mountClass).filter { !$0.value.isServersOwn }.keys.sorted()
    }

    private func types(of mountClass: MountEntry.Class) -> [String: EngineDescription] {
        mountClass == .auth ? auth : secrets
    }
}

extension EngineCatalog {
    func description(of entry: MountEntry) -> EngineDescription? { description(entry.type, entry.mountClass) }

    /// Returns the mount's type as the API description names it, which is nothing for `sys/`.
    func apiName(of entry: MountEntry) -> String {
        if entry.mountClass == .system { return "" }
        return description(of: entry)?.apiName?(entry.options) ?? entry.type
    }
}
