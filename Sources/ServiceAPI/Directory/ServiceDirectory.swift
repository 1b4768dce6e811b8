import Capabilities
import Crypto
package import EngineKit
import SecretMemory
package import ServiceRules
import Synchronization

/// The services that are known now: their policies, and what their tokens are recognized by. Tokens are not kept, only
/// their HMACs under a key of this process.
package final class ServiceDirectory: Sendable {
    /// One service. Requests share it, so that none copies it.
    final class Entry: Sendable {
        let definition: ServiceDefinition
        let grant: InlineGrant
        let listingRoots: [ListingRoot]
        let tokenCode: [UInt8]?
        /// What the tokens that a service narrowed from its own are found and checked by; empty without a token.
        let handle: [UInt8]
        let capabilityKey: [UInt8]
        let certificateName: String?
        /// It was configured and nobody can be it yet.
        var isWithoutCredentials: Bool { tokenCode == nil && certificateName == nil }

        init(_ account: ServiceAccount, _ compiled: CompiledRules, tokenCode: [UInt8]?) {
            definition = account.definition
            grant = InlineGrant(
                displayName: definition.name, rules: [InlinePolicy(name: definition.policyName, text: compiled.policy)])
            listingRoots = compiled.listingRoots
            self.tokenCode = tokenCode
            handle = account.token.map { ParentKeys.handle(of: text($0)) } ?? []
            capabilityKey = account.token.map { ParentKeys.key(of: text($0)) } ?? []
            certificateName = account.certificateName
        }
    }

    private let settings: ServiceSettings
    let randomness: any Randomness
    /// What only this process knows: the server itself, where it makes a project's own secrets.
    private let systemSecret: [UInt8]
    /// Keyed, and copied for each token: the key's two blocks are hashed once.
    private let keyed: HMAC<SHA256>
    /// Compared with when there is no such service, so that this takes as long.
    private let nobody: [UInt8]
    private let entries: Mutex<[String: Entry]>

    package init(_ settings: ServiceSettings, randomness: any Randomness) {
        self.settings = settings
        self.randomness = randomness
        systemSecret = randomness.bytes(32)
        keyed = HMAC(key: SymmetricKey(data: randomness.bytes(32)))
        nobody = randomness.bytes(32)
        entries = Mutex([:])
    }

    /// All services at once; what was known before stays when anything is wrong.
    package func replace(_ accounts: [ServiceAccount]) throws(ServiceCatalogError) {
        var fresh: [String: Entry] = [:]
        for account in accounts where account.definition.isEnabled { fresh[account.definition.name] = try entry(account) }
        let made = fresh
        entries.withLock { $0 = made }
    }

    static let systemKind = "service-system"

    var systemCredentials: InlineCredentials {
        InlineCredentials(kind: Self.systemKind, name: ServiceDefinition.systemName, secret: SecretBytes(systemSecret))
    }

    func isSystem(_ credentials: InlineCredentials) -> Bool {
        credentials.name == ServiceDefinition.systemName
            && constantTimeEqual(credentials.secret.withBytes { Array($0) }, systemSecret)
    }

    /// To make the secrets of new projects, and to take them away with an empty project; nothing else.
    var systemGrant: InlineGrant {
        var policy = ""
        for secret in settings.projectSecrets {
            policy += "path \"\(settings.mount)data/+/\(secret.name)\" {\n  capabilities = [\"create\", \"update\"]\n}\n"
            policy += "path \"\(settings.mount)metadata/+/\(secret.name)\" {\n  capabilities = [\"delete\"]\n}\n"
        }
        return InlineGrant(displayName: ServiceDefinition.systemName, rules: [InlinePolicy(name: "service-system", text: policy)])
    }

    package var names: [String] { entries.withLock { $0.keys.sorted() } }

    subscript(_ name: String) -> Entry? { entries.withLock { $0[name] } }

    private func entry(_ account: ServiceAccount) throws(ServiceCatalogError) -> Entry {
        let compiled = try account.definition.compiled(mount: settings.mount, projectsMount: settings.projectsMount)
        return Entry(account, compiled, tokenCode: account.token.map { code($0) })
    }

    static func text(_ secret: SecretBytes) -> String { secret.withBytes { String(decoding: $0, as: UTF8.self) } }

    func code(_ secret: SecretBytes) -> [UInt8] {
        var hash = keyed
        secret.withBytes { hash.update(data: $0) }
        return Array(hash.finalize())
    }

    /// Whether the secret is the entry's token; without an entry, the same work and no.
    func isToken(_ secret: SecretBytes, of entry: Entry?) -> Bool {
        let isSame = constantTimeEqual(code(secret), entry?.tokenCode ?? nobody)
        return isSame && entry?.tokenCode != nil
    }
}
