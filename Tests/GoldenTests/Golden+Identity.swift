import EngineKit
import Records
import StoreKit
@testable import Identity

extension Golden {
    static let ofIdentity: [Golden] =
        ["identity-entity", "identity-entity-bare"].map { name in
            Golden(name) { try required(Entity(id: "e-1", encoded: $0)).encoded() }
        }
        + ["identity-group", "identity-group-external"].map { name in
            Golden(name) { try required(Group(id: "g-1", encoded: $0)).encoded() }
        }
        + [
            Golden("identity-mfa-method") { try required(TOTPMethod(decoding: $0)).encoded() },
            Golden("identity-mfa-enforcement") { try required(LoginEnforcement(decoding: $0)).encoded() },
            Golden("identity-mfa-secret") { try required(EnrolledSecret(decoding: $0)).encoded() },
            // One less is read, so that what is written is this.
            Golden("identity-graph") { bytes in
                let count = try required(Int(String(decoding: bytes, as: UTF8.self)))
                let storage = try await MemoryStorage.holding([IdentityKeys.graph: Array(String(count - 1).utf8)])
                var transaction = IdentityTransaction(storage)
                try await transaction.touchGraph()
                try await storage.commit(transaction.batch)
                return try await storage.bytes(IdentityKeys.graph)
            },
        ]
}
