import EngineKit
import OneTimeCodes
import Records
import Syntax

extension LoginMFA {
    /// Generates the secret of an entity for a method. Returns it with the account's name as programs show it, or nil if the entity
    /// has one already, which is kept.
    func generate(method id: String, entity entityID: String) async throws -> (method: TOTPMethod, url: String)? {
        guard let method = rules.methods[id] else {
            throw CofferError.invalid("configuration for method ID \"\(id.prefixUTF8(64))\" does not exist")
        }
        return try await storage.transact { batch in
            var transaction = IdentityTransaction(storage)
            guard try await transaction.get(MFAKeys.method(id)) != nil else { throw CofferError.notFound }
            guard let entity = try await transaction.entity(entityID) else { throw CofferError.invalid("invalid entity ID") }
            guard try await transaction.get(MFAKeys.secret(id, entity: entity.id)) == nil else { return nil }
            let secret = EnrolledSecret(
                key: randomness.bytes(method.keyBytes), codes: method.codes, skew: method.skew, createdAt: time.now().seconds)
            transaction.put(MFAKeys.secret(id, entity: entity.id), secret.encoded())
            transaction.put(MFAKeys.enrolled(entity.id) + id, [])
            batch = transaction.batch
            return (method, method.codes.url(secret.key, issuer: method.issuer, account: entity.accountName))
        }
    }

    /// Deletes the secret of an entity for a method. Deleting one that does not exist is not an error.
    func destroy(method id: String, entity entityID: String) async throws {
        try await storage.transact { batch in
            var transaction = IdentityTransaction(storage)
            guard let entity = try await transaction.entity(entityID) else { throw CofferError.invalid("invalid entity ID") }
            transaction.delete(MFAKeys.secret(id, entity: entity.id))
            transaction.delete(MFAKeys.enrolled(entity.id) + id)
            batch = transaction.batch
        }
    }

    /// Returns the methods that an entity has a secret for, by id.
    func methods(ofEntity id: String) async throws -> [TOTPMethod] {
        let rules = rules
        return try await storage.list(Listing(prefix: MFAKeys.enrolled(id))).compactMap { rules.methods[$0] }
    }

    func deleteSecrets(ofMethod id: String) async throws {
        let page = 1_000
        while true {
            let entities = try await storage.list(Listing(prefix: MFAKeys.secrets(ofMethod: id), limit: page))
            guard !entities.isEmpty else { return }
            var batch = Batch()
            for entity in entities {
                batch.delete(MFAKeys.secret(id, entity: entity))
                batch.delete(MFAKeys.enrolled(entity) + id)
            }
            try await storage.commit(batch)
        }
    }
}

extension Entity {
    /// How an authenticator program names the account: by the first alias, which is the name that the person logs in with.
    fileprivate var accountName: String {
        let name = aliases.first?.name ?? name
        let isShort = name.utf8.count <= 128 && !name.utf8.contains(UInt8(ascii: ":"))
        return isShort ? name : id
    }
}

extension IdentityTransaction {
    /// Deletes the secrets of an entity.
    mutating func deleteSecrets(ofEntity id: String) async throws {
        for method in try await names(MFAKeys.enrolled(id), limit: LoginMFA.rulesMax * 2) {
            delete(MFAKeys.secret(method, entity: id))
            delete(MFAKeys.enrolled(id) + method)
        }
    }

    /// Moves the secrets of an entity to another. The secrets of the other one are kept.
    ///
    /// - Parameter drops: Whether a secret is deleted for whose method the other entity has one. Otherwise that is refused.
    mutating func moveSecrets(ofEntity id: String, to target: String, dropping drops: Bool) async throws {
        for method in try await names(MFAKeys.enrolled(id), limit: LoginMFA.rulesMax * 2) {
            let (from, to) = (MFAKeys.secret(method, entity: id), MFAKeys.secret(method, entity: target))
            guard let secret = try await get(from) else { continue }
            if try await get(to) == nil {
                put(to, secret)
                put(MFAKeys.enrolled(target) + method, [])
            } else if !drops {
                throw CofferError.invalid(
                    "both entities have a secret for the MFA method \(method); with force=true that of the remaining one is kept")
            }
            delete(from)
            delete(MFAKeys.enrolled(id) + method)
        }
    }
}
