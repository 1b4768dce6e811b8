import Capabilities
import Crypto
package import EngineKit
import SecretMemory
package import ServiceRules
import Synchronization

/// The services of the running server: their policies, and HMACs of their tokens under a random key of this process. The
/// tokens themselves are not kept.
package final class ServiceDirectory: Sendable {
    /// One service. Requests share the object instead of copying it.
    final class Entry: Sendable {
        let definition: ServiceDefinition
        let grant: InlineGrant
        let listingRoots: [ListingRoot]
        let tokenCode: [UInt8]?
        /// Identifies the capability tokens that were derived from the service's token, and verifies them; empty without a
        /// token.
        let handle: [UInt8]
        let capabilityKey: [UInt8]
        let certificateName: String?
        /// Whether the service has neither a token nor a certificate, so that no caller can authenticate as it.
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
    /// A random secret of this process, by which the server authenticates itself when it creates the secrets of a project.
    private let systemSecret: [UInt8]
    /// The HMAC with its key set. It is copied for each token, so the key is hashed only once.
    private let keyed: HMAC<SHA256>
    /// Compared with when there is no such service, so that the answer takes as long.
    private let nobody: [UInt8]
    private let entries: Mutex<[String: Entry]>

    /// Creates a directory without services.
    package init(_ settings: ServiceSettings, randomness: any Randomness) {
        self.settings = settings
        self.randomness = randomness
        systemSecret = randomness.bytes(32)
        keyed = HMAC(key: SymmetricKey(data: randomness.bytes(32)))
        nobody = randomness.bytes(32)
        entries = Mutex([:])
    }

    /// Replaces all services. If any of them is invalid, nothing changes.
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

    /// What the server grants itself: to create the secrets of new projects, and to delete them together with an empty
    /// project.
    var systemGrant: InlineGrant {
        var policy = ""
        for secret in settings.projectSecrets {
            policy += "path \"\(settings.mount)data/+/\(secret.name)\" {\n  capabilities = [\"create\", \"update\"]\n}\n"
            policy += "path \"\(settings.mount)metadata/+/\(secret.name)\" {\n  capabilities = [\"delete\"]\n}\n"
        }
        return InlineGrant(displayName: ServiceDefinition.systemName, rules: [InlinePolicy(name: "service-system", text: policy)])
    }

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

    /// Whether `secret` is the token of the service. Without a service, does the same work and returns false.
    func isToken(_ secret: SecretBytes, of entry: Entry?) -> Bool {
        let isSame = constantTimeEqual(code(secret), entry?.tokenCode ?? nobody)
        return isSame && entry?.tokenCode != nil
    }
}
