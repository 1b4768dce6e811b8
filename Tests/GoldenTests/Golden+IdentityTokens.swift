import Records
import StoreKit

@testable import IdentityTokens

extension Golden {
    static let ofIdentityTokens: [Golden] = [
        record("identity-token-config", IssuerConfiguration.self), record("identity-token-key", NamedKey.self),
        record("identity-token-role", TokenRole.self), record("identity-provider", Provider.self),
        record("identity-client", Client.self), record("identity-scope", Scope.self),
        record("identity-assignment", Assignment.self), record("identity-code", AuthorizationCode.self),
        record("identity-access", AccessToken.self),
    ]

    private static func record<Value: Record>(_ name: String, _ type: Value.Type) -> Golden {
        Golden(name) { bytes in
            let storage = try await MemoryStorage.holding(["a/x": bytes])
            try await RecordTable<Value>(storage: storage, prefix: "a/").edit("x") { value, _ in _ = try required(value) }
            return try await storage.bytes("a/x")
        }
    }
}
