package import EngineKit

/// The engine types that can be mounted. Filled by the composition root.
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

    func description(_ type: String, _ mountClass: MountEntry.Class) -> EngineDescription? {
        mountClass == .auth ? auth[type] : secrets[type]
    }

    /// Those that a request may mount.
    func types(_ mountClass: MountEntry.Class) -> [String] {
        (mountClass == .auth ? auth : secrets).filter { !$0.value.isServersOwn }.keys.sorted()
    }
}
