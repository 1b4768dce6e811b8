import EngineKit
import Records
import Syntax

extension LoginMFA {
    /// Creates or changes a method. Returns it.
    ///
    /// - Parameter id: The method to change, or empty for the one with the name in `fields`, created if there is none.
    func writeMethod(id: String, _ fields: Fields) async throws -> TOTPMethod {
        try await changeRules { transaction in
            let name = fields.text("method_name")
            var found: TOTPMethod?
            if !id.isEmpty {
                found = try await method(id, in: &transaction)
                guard found != nil else { throw CofferError.notFound }
            }
            if !name.isEmpty, let owner = try await transaction.text(MFAKeys.methodName(name)) {
                guard found == nil || found?.id == owner else {
                    throw CofferError.invalid("a login MFA method configuration with this method name already exists")
                }
                found = try await method(owner, in: &transaction)
            }
            var method = found ?? TOTPMethod(id: randomness.uuid())
            if found == nil {
                let methods = try await transaction.names(MFAKeys.methods, limit: Self.rulesMax + 1)
                guard methods.count < Self.rulesMax else {
                    throw CofferError(.tooLarge, "there are \(Self.rulesMax) MFA methods, which is the limit; delete one first")
                }
            }
            let oldName = method.name
            try method.update(fields)
            if method.attemptsMax == 0 { method.attemptsMax = TOTPMethod.defaultAttemptsMax }
            if method.name != oldName {
                if !oldName.isEmpty { transaction.delete(MFAKeys.methodName(oldName)) }
                if !method.name.isEmpty { transaction.put(MFAKeys.methodName(method.name), text: method.id) }
            }
            transaction.put(MFAKeys.method(method.id), method.encoded())
            return method
        }
    }

    private func method(_ id: String, in transaction: inout IdentityTransaction) async throws(StorageError) -> TOTPMethod? {
        guard let bytes = try await transaction.get(MFAKeys.method(id)) else { return nil }
        guard var method = TOTPMethod(decoding: bytes) else { throw .corrupted(key: MFAKeys.method(id)) }
        method.id = id
        return method
    }

    /// Deletes a method and then the secrets of entities for it, which nobody can use any more. Refuses if an enforcement names it.
    func deleteMethod(_ id: String) async throws {
        try await changeRules { transaction in
            for name in try await transaction.names(MFAKeys.enforcements, limit: Self.rulesMax + 1) {
                guard let enforcement = try await enforcement(name, in: &transaction), enforcement.methodIDs.contains(id) else {
                    continue
                }
                throw CofferError.invalid("methodID is still used by an enforcement configuration with the name \(name)")
            }
            if let name = rules.methods[id]?.name, !name.isEmpty { transaction.delete(MFAKeys.methodName(name)) }
            transaction.delete(MFAKeys.method(id))
        }
        try await deleteSecrets(ofMethod: id)
    }

    // MARK: Enforcements

    func enforcement(
        _ name: String, in transaction: inout IdentityTransaction
    ) async throws(StorageError) -> LoginEnforcement? {
        guard let bytes = try await transaction.get(MFAKeys.enforcement(name)) else { return nil }
        guard var enforcement = LoginEnforcement(decoding: bytes) else { throw .corrupted(key: MFAKeys.enforcement(name)) }
        enforcement.name = name
        return enforcement
    }

    /// Creates or changes an enforcement. A damaged one is replaced.
    ///
    /// - Parameter check: Throws unless the auth mounts and types that it names exist.
    func writeEnforcement(
        _ name: String, _ fields: Fields, check: (LoginEnforcement) throws(CofferError) -> Void
    ) async throws {
        try LoginEnforcement.checkName(name)
        try await changeRules { transaction in
            var enforcement = LoginEnforcement(name: name, id: randomness.uuid())
            if rules.damaged.contains(MFAKeys.enforcement(name)) {
                // What it said is not known, so nothing of it is kept.
            } else if let found = try await self.enforcement(name, in: &transaction) {
                enforcement = found
            } else {
                let names = try await transaction.names(MFAKeys.enforcements, limit: Self.rulesMax + 1)
                guard names.count < Self.rulesMax else {
                    throw CofferError(.tooLarge, "there are \(Self.rulesMax) enforcements, which is the limit; delete one first")
                }
            }
            try enforcement.update(fields)
            try check(enforcement)
            for id in enforcement.methodIDs {
                guard try await transaction.get(MFAKeys.method(id)) != nil else {
                    throw CofferError.invalid("one of the provided method ids doesn't exist")
                }
            }
            for id in enforcement.groupIDs {
                guard try await transaction.group(id) != nil else {
                    throw CofferError.invalid("one of the provided group ids doesn't exist")
                }
            }
            for id in enforcement.entityIDs {
                guard try await transaction.entity(id) != nil else {
                    throw CofferError.invalid("one of the provided entity ids doesn't exist")
                }
            }
            transaction.put(MFAKeys.enforcement(name), enforcement.encoded())
        }
    }

    /// Throws if an enforcement names one of the ids: without what they name, its logins would need no second factor any more.
    ///
    /// The transaction then conflicts with every change of enforcements.
    ///
    /// - Parameters:
    ///   - ids: The ids of an entity, also of those merged into it, or the id of a group.
    ///   - list: Where enforcements name them.
    ///   - what: What the error calls it, such as `entity`.
    func refuseDeletion(
        of ids: [String], in list: KeyPath<LoginEnforcement, [String]>, called what: String,
        in transaction: inout IdentityTransaction
    ) async throws {
        _ = try await transaction.get(MFAKeys.generation)
        for name in try await transaction.names(MFAKeys.enforcements, limit: Self.rulesMax + 1) {
            guard let enforcement = try await enforcement(name, in: &transaction),
                enforcement[keyPath: list].contains(where: ids.contains)
            else { continue }
            throw CofferError.invalid(
                "the \(what) is named by the MFA login enforcement \(name), whose logins would then need no second factor; change or "
                    + "delete the enforcement first")
        }
    }

    /// Returns the names of the enforcements that name an auth mount.
    package func enforcements(namingMount accessor: String) -> [String] {
        rules.enforcements.filter { $0.mountAccessors.contains(accessor) }.map(\.name)
    }

    /// Deletes an enforcement. Deleting one that does not exist is not an error.
    func deleteEnforcement(_ name: String) async throws {
        try await changeRules { transaction in transaction.delete(MFAKeys.enforcement(name)) }
    }
}
