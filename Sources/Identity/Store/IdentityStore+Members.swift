import EngineKit
import Syntax

/// What is done alike with entities and groups.
extension IdentityStore {
    /// Returns an entity or group, or nil if there is none. An entity is also found by the id of one that was merged into it, and
    /// names are found in any case.
    func read<Member: IdentityMember>(_ target: IdentityTarget) async throws -> Member? {
        try await reading { try await find(target, orNamed: nil, in: &$0) }
    }

    /// Returns an entity or group within a transaction.
    ///
    /// - Parameter name: The name that ``IdentityTarget/any`` stands for.
    func find<Member: IdentityMember>(
        _ target: IdentityTarget, orNamed name: String?, in transaction: inout IdentityTransaction
    ) async throws -> Member? {
        switch target {
        case .id(let id): return try await Member.find(id, in: &transaction)
        case .name(let name): return try await transaction.member(named: name)
        case .any:
            guard let name, !name.isEmpty else { return nil }
            return try await transaction.member(named: name)
        }
    }

    /// Returns the entity or group that a write is about, and whether it is new.
    func findOrMake<Member: IdentityMember>(
        _ target: IdentityTarget, named name: String?, in transaction: inout IdentityTransaction
    ) async throws -> (member: Member, isNew: Bool) {
        if let found: Member = try await find(target, orNamed: name, in: &transaction) { return (found, false) }
        switch target {
        case .id: throw CofferError.invalid("\(Member.kind) not found from id")
        case .name(let chosen): return (try await make(named: chosen, in: &transaction), true)
        case .any: return (try await make(named: name, in: &transaction), true)
        }
    }

    /// Returns a new entity or internal group, whose name is reserved in the transaction and which the caller must store.
    ///
    /// - Parameter name: The name, or nil or empty for a generated one.
    func make<Member: IdentityMember>(
        named name: String? = nil, in transaction: inout IdentityTransaction
    ) async throws -> Member {
        var member = Member()
        (member.createdAt, member.name) = (time.now(), name ?? "")
        member.updatedAt = member.createdAt
        if member.name.isEmpty { member.name = try await unusedName(of: Member.self, in: &transaction) }
        try IdentityLimits.checkName(member.name)
        member.id = randomness.uuid()
        transaction.put(IdentityKeys.name(member.name, of: Member.self), text: member.id)
        return member
    }

    /// Returns a generated name that is not taken.
    private func unusedName<Member: IdentityMember>(
        of kind: Member.Type, in transaction: inout IdentityTransaction
    ) async throws -> String {
        for _ in 0..<4 {
            let name = Member.kind + "_" + randomness.uuid().prefixUTF8(8)
            let owner: Member? = try await transaction.member(named: name)
            if owner == nil { return name }
        }
        return Member.kind + "_" + randomness.uuid()
    }

    /// Gives an entity or group another name, if one is given and it is not taken.
    func rename<Member: IdentityMember>(
        _ member: inout Member, _ name: String?, in transaction: inout IdentityTransaction
    ) async throws {
        guard let name, !name.isEmpty, name != member.name else { return }
        try IdentityLimits.checkName(name)
        if let other: Member = try await transaction.member(named: name), other.id != member.id {
            throw CofferError.invalid("\(Member.kind) name is already in use")
        }
        transaction.delete(IdentityKeys.name(member.name, of: Member.self))
        transaction.put(IdentityKeys.name(name, of: Member.self), text: member.id)
        member.name = name
    }
}
