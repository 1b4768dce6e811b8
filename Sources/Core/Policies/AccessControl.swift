import EngineKit
import Identity
import Policy

/// What callers may do: the policies of their tokens, and those of the entities behind them.
struct AccessControl: Sendable {
    let policies: PolicyStore
    let identity: IdentityStore

    /// A token whose entity is gone or disabled may do nothing.
    func acl(_ names: [String], entityID: String) async throws -> ACL {
        guard !entityID.isEmpty else { return try await policies.acl(names) }
        guard let entity = try await identity.resolve(entityID), !entity.isDisabled else { return ACL([]) }
        return try await policies.acl(names, entity)
    }

    /// Returns what a caller may do. Without a caller nothing is allowed.
    func acl(of caller: Caller?) async throws -> ACL {
        guard let caller else { return ACL([]) }
        return try await acl(caller.policies, entityID: caller.entityID)
    }

    /// Root, or `sudo` on the path.
    func isPrivileged(_ caller: Caller, path: String) async throws -> Bool {
        try await acl(of: caller).isSudo(path: path)
    }
}

extension [String] {
    /// Both, sorted, each once.
    func united(with others: [String]) -> [String] { others.isEmpty ? self : Set(self).union(others).sorted() }
}
