import Capabilities
import Crypto
package import EngineKit
import SecretMemory
package import ServiceRules
import Synchronization

/// The services that are known now: their policies, and what their tokens are recognised by. Tokens are not kept, only
/// their HMACs under a key of this process.
package final class ServiceDirectory: Sendable {
    struct Entry: Sendable {
        var definition: ServiceDefinition
        var rules: [InlinePolicy]
        var listingRoots: [ListingRoot]
        var tokenCode: [UInt8]?
        /// What tokens that the service made of its own are found and checked by; empty without a token.
        var handle: [UInt8] = []
        var capabilityKey: [UInt8] = []
        var certificateName: String?
    }

    private let settings: ServiceSettings
    private let key: SymmetricKey
    /// Compared with when there is no such service, so that this takes as long.
    private let nobody: [UInt8]
    private let entries: Mutex<[String: Entry]>

    package init(_ settings: ServiceSettings, randomness: any Randomness) {
        self.settings = settings
        key = SymmetricKey(data: randomness.bytes(32))
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

    package var names: [String] { entries.withLock { $0.keys.sorted() } }

    subscript(_ name: String) -> Entry? { entries.withLock { $0[name] } }

    private func entry(_ account: ServiceAccount) throws(ServiceCatalogError) -> Entry {
        let compiled = try account.definition.compiled(mount: settings.mount, projectsMount: settings.projectsMount)
        return Entry(
            definition: account.definition,
            rules: [InlinePolicy(name: account.definition.policyName, text: compiled.policy)],
            listingRoots: compiled.listingRoots, tokenCode: account.token.map { code($0) },
            handle: account.token.map { ParentKeys.handle(of: Self.text($0)) } ?? [],
            capabilityKey: account.token.map { ParentKeys.key(of: Self.text($0)) } ?? [],
            certificateName: account.certificateName)
    }

    static func text(_ secret: SecretBytes) -> String { secret.withBytes { String(decoding: $0, as: UTF8.self) } }

    func code(_ secret: SecretBytes) -> [UInt8] {
        secret.withBytes { Array(HMAC<SHA256>.authenticationCode(for: $0, using: key)) }
    }

    /// Whether the secret is the entry's token; without an entry, the same work and no.
    func isToken(_ secret: SecretBytes, of entry: Entry?) -> Bool {
        let isSame = constantTimeEqual(code(secret), entry?.tokenCode ?? nobody)
        return isSame && entry?.tokenCode != nil
    }
}
