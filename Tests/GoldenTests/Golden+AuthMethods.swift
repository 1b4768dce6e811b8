@testable import AuthMethods
import EngineKit
import Records
import StoreKit
import Syntax

extension Golden {
    static let ofAuthMethods: [Golden] =
        [
            account("approle-role", AppRole.self), account("userpass-user", User.self),
            account("ldap-config", LDAPConfiguration.self), account("ldap-user", LDAPUser.self),
            account("ldap-group", LDAPGroup.self), account("github-config", GitHubConfiguration.self),
            account("github-mapping", GitHubMapping.self), account("jwt-role", JWTRole.self),
            account("certificate-entry", CertificateEntry.self),
            account("certificate-configuration", CertificateConfiguration.self),
            account("certificate-crl", StoredRevocationList.self),
            account("kubernetes-configuration", KubernetesConfiguration.self), account("kubernetes-role", KubernetesRole.self),
            account("kubernetes-configuration-keys", KubernetesConfiguration.self),
        ]
        + ["jwt-configuration", "jwt-configuration-sets"].map { account($0, JWTConfiguration.self) }
        + ["jwt-browser-login", "jwt-browser-login-done"].map { account($0, BrowserLogin.self) }
        + ["approle-secret-id", "approle-secret-id-endless"].map { name in
            Golden(name) { try SecretID(decoding: $0, key: name).encoded }
        }
        + [
            Golden("auth-mount-key") { bytes in
                let storage = MemoryStorage()
                let made = MountKey(storage: storage, randomness: KnownRandomness(bytes))
                let found = MountKey(storage: try await MemoryStorage.holding(["key": bytes]), randomness: KnownRandomness([]))
                guard try await made.hash("name", "ada") == found.hash("name", "ada") else { throw Unreadable() }
                return try await storage.bytes("key")
            }
        ]

    private static func account<Account: Record>(_ name: String, _ type: Account.Type) -> Golden {
        Golden(name) { bytes in
            let storage = try await MemoryStorage.holding(["a/x": bytes])
            try await RecordTable<Account>(storage: storage, prefix: "a/").edit("x") { account, _ in _ = try required(account) }
            return try await storage.bytes("a/x")
        }
    }
}
