import EngineKit
import Identity
import Policy

/// Decides what callers may do, from the policies of their tokens and of their entities.
struct AccessControl: Sendable {
    let policies: PolicyStore
    let identity: IdentityStore

    /// Returns what a token with these policies may do. A token whose entity was deleted or disabled may do nothing.
    func acl(_ names: [String], entityID: String) async throws -> ACL {
        guard !entityID.isEmpty else { return try await policies.acl(names) }
        guard let entity = try await identity.resolve(entityID), !entity.isDisabled else { return ACL([]) }
        return try await policies.acl(names, entity)
    }

    /// Returns what a caller may do. Nothing is allowed without a caller.
    func acl(of caller: Caller?) async throws -> ACL {
        guard let caller else { return ACL([]) }
        return try await acl(caller.policies, entityID: caller.entityID)
    }

    /// Returns whether a caller is root or has `sudo` on the path.
    func isPrivileged(_ caller: Caller, path: String) async throws -> Bool {
        try await acl(of: caller).isSudo(path: path)
    }
}

extension Capability {
    /// Creates the capability that an operation needs.
    init(_ operation: Operation) {
        switch operation {
        case .read, .help: self = .read
        case .list: self = .list
        case .create: self = .create
        case .update: self = .update
        case .patch: self = .patch
        case .delete: self = .delete
        }
    }
}

extension [String] {
    /// Returns the union of both, sorted and without duplicates. The receiver must be so already.
    func united(with others: [String]) -> [String] { others.isEmpty ? self : Set(self).union(others).sorted() }
}
