import EngineKit
import Identity
import Policy
import Syntax

/// Stores the texts of policies, and caches the ACLs that are compiled from them.
final class PolicyStore: Sendable {
    private static let prefix = "sys/policy/"
    private static let compiledMax = 4_096

    private let storage: any Storage
    private let compiled = UnfairLock(Compiled())

    /// The policies of a caller, and the state of its entity.
    private struct Key: Hashable {
        var names: [String]
        var rules: [InlinePolicy]
        /// Changes with the entity and its groups; nil for a caller without an entity.
        var stamp: UInt64?
    }

    private struct Compiled {
        var acls: [Key: ACL] = [:]
        /// The number of changes, so that an ACL compiled from older texts is not kept.
        var generation = 0
    }

    init(storage: any Storage) { self.storage = storage }

    /// Returns what a caller with these policies may do. Names without a policy grant nothing.
    ///
    /// - Parameters:
    ///   - rules: Policies that inline credentials bring with them. They cannot grant what the stored policies deny.
    ///   - entity: The caller's entity, which adds its policies and fills in templates; nil for a caller without one.
    func acl(
        _ names: [String], rules: [InlinePolicy] = [], _ entity: ResolvedEntity? = nil
    ) async throws(StorageError) -> ACL {
        // What the root policy grants is the same with and without an entity.
        let entity = entity == nil || names.contains("root") ? nil : entity
        let key = Key(names: names, rules: rules, stamp: entity?.stamp)
        let (cached, generation) = compiled.withLock { ($0.acls[key], $0.generation) }
        if let cached { return cached }
        let acl = try await compile(names, rules: rules, entity)
        compiled.withLock { compiled in
            guard compiled.generation == generation else { return }
            if compiled.acls.count >= Self.compiledMax { compiled.acls.removeAll() }
            compiled.acls[key] = acl
        }
        return acl
    }

    private func compile(
        _ names: [String], rules: [InlinePolicy], _ entity: ResolvedEntity?
    ) async throws(StorageError) -> ACL {
        if names.contains("root") { return .root }
        let all = entity.map { names.united(with: $0.policies) } ?? names
        return ACL(try await documents(all, of: entity), builtIn: try Self.documents(rules, of: entity))
    }

    /// Returns the parsed rules. Throws if one is invalid, because ignoring it could drop a deny.
    private static func documents(
        _ rules: [InlinePolicy], of entity: ResolvedEntity?
    ) throws(StorageError) -> [NamedPolicy] {
        var policies: [NamedPolicy] = []
        for rule in rules {
            guard let name = try? PolicyName(rule.name), let document = try? PolicyDocument(parsing: rule.text) else {
                throw .corrupted(key: "inline policy \(rule.name)")
            }
            let rendered = document.rendered(missingDenies: entity != nil) { entity?.value(of: $0) }
            policies.append(NamedPolicy(name: name, document: rendered))
        }
        return policies
    }

    private func documents(_ names: [String], of entity: ResolvedEntity?) async throws(StorageError) -> [NamedPolicy] {
        var policies: [NamedPolicy] = []
        for name in names {
            guard let text = try await text(name) else { continue }
            // Every policy parsed when it was written. One that does not is damaged, and ignoring it could drop a deny.
            guard let parsed = try? PolicyName(name), let document = try? PolicyDocument(parsing: text) else {
                throw .corrupted(key: Self.prefix + name)
            }
            // Without an entity, templated rules match nothing. With one, a rule whose template lacks a value denies, because an
            // operator may have forgotten to set it.
            let rendered = document.rendered(missingDenies: entity != nil) { entity?.value(of: $0) }
            policies.append(NamedPolicy(name: parsed, document: rendered))
        }
        return policies
    }

    /// Returns the text of a policy, or nil if none exists.
    func text(_ name: String) async throws(StorageError) -> String? {
        if name == "root" { return BuiltInPolicies.rootText }
        if name == BuiltInPolicies.wrappingName { return BuiltInPolicies.wrappingText }
        guard let record = try await storage.get(Self.prefix + name) else { return nil }
        guard let text = String(validating: record.value, as: UTF8.self) else { throw .corrupted(key: Self.prefix + name) }
        return text
    }

    /// Returns a warning for each name that no policy has, which is most often mistyped.
    func missing(among names: [String]) async throws(StorageError) -> [String] {
        var warnings: [String] = []
        for name in names where name != "root" && name != "default" {
            if try await text(name) == nil { warnings.append("Policy \"\(name)\" does not exist") }
        }
        return warnings
    }

    /// Returns a page of the policies' names, including `root`, which is not stored.
    func names(after: String? = nil, limit: Int = StorageLimits.pageMax) async throws(StorageError) -> [String] {
        let stored = try await storage.list(Listing(prefix: Self.prefix, after: after, limit: limit, isRecursive: true))
        return after.map { $0 >= "root" } == true || stored.count == limit ? stored : stored + ["root"]
    }

    /// Creates or replaces a policy. Throws for a built-in one and for a text that does not parse.
    func write(_ name: String, text: String) async throws {
        guard name != "root", name != BuiltInPolicies.wrappingName else {
            throw CofferError.invalid("cannot update \"\(name)\" policy")
        }
        do {
            _ = try PolicyDocument(parsing: text)
        } catch {
            throw CofferError.invalid("failed to parse policy: \(error)")
        }
        defer { invalidate() }
        try await storage.put(Self.prefix + name, Array(text.utf8))
    }

    /// Deletes a policy. Does nothing if none exists, and throws for a built-in one.
    func delete(_ name: String) async throws {
        guard name != "root", name != "default", name != BuiltInPolicies.wrappingName else {
            throw CofferError.invalid("cannot delete \"\(name)\" policy")
        }
        defer { invalidate() }
        try await storage.delete(Self.prefix + name)
    }

    /// Adds the first policies to the batch that initializes the server.
    static func seed(into batch: inout Batch) { batch.put(prefix + "default", Array(BuiltInPolicies.defaultText.utf8)) }

    /// Drops the compiled ACLs if another node changed a policy.
    ///
    /// - Parameter change: The changed keys of the whole store.
    func drop(_ change: StorageChange) {
        if case .keys(let keys) = change, !keys.contains(where: { $0.hasUTF8Prefix(Self.prefix) }) { return }
        invalidate()
    }

    /// Drops the compiled ACLs, so that the next request reads the policies again.
    func invalidate() {
        compiled.withLock { compiled in
            compiled.acls.removeAll()
            compiled.generation += 1
        }
    }
}
