import Foundation

/// Every place in the sources that gives a stored record its bytes, with the golden files that hold it to them.
///
/// The table is kept by hand and counted by machine: a new kind of record, or another place that writes one, fails the test until
/// it stands here, with a file in `Tests/golden/` that `GoldenTests` reads. See `Golden`.
enum RecordRules {
    /// Where a file's records come from.
    struct Place {
        /// Lines of the file that ``marks(in:)`` finds.
        var marks: Int
        /// Names in `Tests/golden/`. None only where ``why`` says so.
        var goldens: [String]
        var why = ""

        init(_ marks: Int, _ goldens: String...) {
            self.marks = marks
            self.goldens = goldens
        }

        init(_ marks: Int, none why: String) {
            self.marks = marks
            goldens = []
            self.why = why
        }
    }

    static let places: [String: Place] = [
        "Audit/Chain/AuditChainDisclosure.swift": Place(1, none: "an answer to whoever verifies a chain"),
        "Audit/Chain/AuditCheckpoint.swift": Place(1, "audit-checkpoint"),
        "Audit/Devices/AuditDeviceConfiguration.swift": Place(1, "audit-table"),
        "AuthMethods/AppRole/AppRole.swift": Place(1, "approle-role"),
        "AuthMethods/AppRole/AppRoleMethod+Roles.swift": Place(1, none: "an index: the name of the role of a role id, as text"),
        "AuthMethods/AppRole/SecretID.swift": Place(1, "approle-secret-id", "approle-secret-id-endless"),
        "AuthMethods/AppRole/SecretIDs.swift": Place(4, "approle-secret-id"),
        "AuthMethods/GitHub/GitHubConfiguration.swift": Place(2, "github-config", "github-mapping"),
        "AuthMethods/LDAP/LDAPAccounts.swift": Place(2, "ldap-group", "ldap-user"),
        "AuthMethods/LDAP/LDAPConfiguration.swift": Place(1, "ldap-config"),
        "AuthMethods/JWT/BrowserLogin.swift": Place(2, "jwt-browser-login", "jwt-browser-login-done"),
        "AuthMethods/JWT/JWTConfiguration.swift": Place(1, "jwt-configuration", "jwt-configuration-sets"),
        "AuthMethods/JWT/JWTRole.swift": Place(1, "jwt-role"),
        "AuthMethods/Certificate/CertificateConfiguration.swift": Place(1, "certificate-configuration"),
        "AuthMethods/Certificate/CertificateConstraints.swift": Place(1, "certificate-entry"),
        "AuthMethods/Certificate/CertificateEntry.swift": Place(1, "certificate-entry"),
        "AuthMethods/Certificate/OCSPSettings.swift": Place(1, "certificate-entry"),
        "AuthMethods/Certificate/StoredRevocationList.swift": Place(1, "certificate-crl"),
        "AuthMethods/Kubernetes/KubernetesConfiguration.swift": Place(
            1, "kubernetes-configuration", "kubernetes-configuration-keys"),
        "AuthMethods/Kubernetes/KubernetesRole.swift": Place(1, "kubernetes-role"),
        "AuthMethods/Shared/MountKey.swift": Place(1, "auth-mount-key"),
        "AuthMethods/Shared/TokenFields.swift": Place(1, "approle-role", "github-config", "ldap-config", "userpass-user"),
        "AuthMethods/Userpass/PasswordHash.swift": Place(1, "userpass-user"),
        "AuthMethods/Userpass/User.swift": Place(1, "userpass-user"),
        "Barrier/Controller/RecoveryRecord.swift": Place(1, "barrier-recovery"),
        "Barrier/Controller/ResealReport.swift": Place(1, "barrier-reseal", "barrier-reseal-done"),
        // The instance is sixteen bytes as they are, part of every sealed record.
        "Barrier/Controller/SealController+Initialize.swift": Place(
            5, "barrier-keyring", "barrier-record", "barrier-recovery", "barrier-seal", "barrier-terms"),
        "Barrier/Controller/SealController+Migration.swift": Place(3, "barrier-recovery", "barrier-seal", "barrier-seal-static"),
        "Barrier/Controller/SealController+Rekey.swift": Place(3, "barrier-keyring", "barrier-recovery", "barrier-seal"),
        "Barrier/Controller/SealController+Reseal.swift": Place(1, "barrier-reseal"),
        "Barrier/Controller/SealController+RootRotation.swift": Place(3, "barrier-keyring", "barrier-recovery", "barrier-seal"),
        "Barrier/Controller/SealController+Rotation.swift": Place(3, "barrier-keyring", "barrier-terms"),
        "Barrier/Controller/SealController+Unseal.swift": Place(1, "barrier-seal"),
        "Barrier/Controller/SealRecord.swift": Place(1, "barrier-seal", "barrier-seal-static"),
        "Barrier/Keys/TermChecks.swift": Place(1, "barrier-terms"),
        "Barrier/Records/CoreRecord.swift": Place(1, "barrier-seal"),
        "ConnectionsEngine/Connect/ConnectionsEngine+Connect.swift": Place(2, "connections-pending"),
        "ConnectionsEngine/Connect/PendingConnect.swift": Place(1, "connections-pending"),
        "ConnectionsEngine/Events/ConnectionEvent.swift": Place(1, none: "sent to a monitoring service, never read again"),
        "ConnectionsEngine/Insights/Counters.swift": Place(1, "connections-counter"),
        "ConnectionsEngine/Refresh/ClientStore.swift": Place(1, "connections-client"),
        "ConnectionsEngine/Refresh/Refresher.swift": Place(1, "connections-flight"),
        "ConnectionsEngine/Routes/ConnectionsEngine+Owners.swift": Place(1, "connections-owner-deleting"),
        "ConnectionsEngine/Routes/ConnectionsEngine+Store.swift": Place(1, "connections-owner"),
        "ConnectionsEngine/Stored/ConnectionStore.swift": Place(1, "connections-token"),
        "ConnectionsEngine/Stored/FlightRecord.swift": Place(1, "connections-flight"),
        "ConnectionsEngine/Stored/Grant+Stored.swift": Place(1, "connections-grant", "connections-grant-key"),
        "ConnectionsEngine/Stored/OwnerKey.swift": Place(1, "connections-owner", "connections-owner-deleting"),
        "Core/Audit/AuditHeaderRules.swift": Place(1, "audit-headers"),
        "Core/Audit/AuditTrail.swift": Place(2, "audit-checkpoint", "audit-table"),
        // The other is the cluster's name, a UUID as text.
        "Core/Core+Initialize.swift": Place(2, "mounts"),
        "Core/Description/OpenAPIDocument.swift": Place(1, none: "an answer"),
        "Core/Description/OpenAPIOperations.swift": Place(1, none: "an answer"),
        "Core/Description/OpenAPIPlace.swift": Place(1, none: "an answer"),
        "Core/Logins/PendingLogin.swift": Place(2, "login-pending"),
        "Core/Mounts/LockoutTuning.swift": Place(1, "mounts"),
        "Core/Mounts/MountEntry.swift": Place(1, "mounts"),
        // The note of a removal holds the mount's accessor as text.
        "Core/Mounts/MountTable.swift": Place(3, "mounts"),
        "Core/Passwords/PasswordPolicyStore.swift": Place(1, "password-policy"),
        "Core/Policies/PolicyStore.swift": Place(2, "policy"),
        "Core/Quotas/QuotaConfiguration.swift": Place(1, "quota-configuration"),
        "Core/Quotas/RateLimitQuota.swift": Place(1, "quota"),
        "Core/Quotas/RateLimits.swift": Place(2, "quota", "quota-configuration"),
        "Core/Rotation/KeyRotation.swift": Place(1, "key-rotation"),
        "Core/System/MountChanges.swift": Place(1, "mounts"),
        "Core/System/SystemEngine+Rotation.swift": Place(1, "key-rotation"),
        "Core/Tokens/TokenRole.swift": Place(1, "token-role"),
        "Core/Watch/ClockGuard.swift": Place(1, "clock"),
        "Core/Wrapping/WrappedResponse.swift": Place(2, "wrapped-bare", "wrapped-data", "wrapped-login"),
        "DatabaseEngine/Stored/DatabaseConfiguration.swift": Place(1, "database-configuration", "database-configuration-bare"),
        "DatabaseEngine/Stored/Role.swift": Place(1, "database-role"),
        "DatabaseEngine/Stored/StaticRole.swift": Place(2, "database-static-role", "database-static-role-scheduled"),
        "DatabaseEngine/Stored/UserIntent.swift": Place(2, "database-intent", "database-lease"),
        "EngineKit/Storage/Storage.swift": Place(1, none: "writes the bytes that its callers give it"),
        "LoginGuards/Lockouts.swift": Place(3, "lockout"),
        "LoginGuards/UseCounters.swift": Place(2, "use-counter", "use-counter-ending"),
        "Identity/Model/Alias.swift": Place(1, "identity-entity", "identity-group-external"),
        "Identity/Model/Entity.swift": Place(1, "identity-entity", "identity-entity-bare"),
        "Identity/Model/Group.swift": Place(1, "identity-group", "identity-group-external"),
        "Identity/Model/IdentityMember.swift": Place(1, "identity-entity", "identity-group"),
        "Identity/MFA/EnrolledSecret.swift": Place(1, "identity-mfa-secret"),
        "Identity/MFA/LoginEnforcement.swift": Place(1, "identity-mfa-enforcement"),
        "Identity/MFA/TOTPMethod.swift": Place(1, "identity-mfa-method"),
        // Indexes hold ids as text.
        "Identity/Records/IdentityTransaction.swift": Place(1, "identity-graph"),
        "IdentityTokens/Documents/IssuerConfiguration.swift": Place(1, "identity-token-config"),
        "IdentityTokens/IdentityTokens.swift": Place(1, none: "a mark with nothing in it, of which only the version matters"),
        "IdentityTokens/Keys/KeySettings.swift": Place(1, "identity-token-key"),
        "IdentityTokens/Keys/NamedKey.swift": Place(2, "identity-token-key"),
        "IdentityTokens/Provider/AccessToken.swift": Place(1, "identity-access"),
        "IdentityTokens/Provider/Assignment.swift": Place(1, "identity-assignment"),
        "IdentityTokens/Provider/AuthorizationCode.swift": Place(1, "identity-code"),
        "IdentityTokens/Provider/Client.swift": Place(1, "identity-client"),
        "IdentityTokens/Provider/IdentityTokens+Clients.swift": Place(
            1, none: "an index: the name of the client of an id, as text"),
        "IdentityTokens/Provider/Provider.swift": Place(1, "identity-provider"),
        "IdentityTokens/Provider/Scope.swift": Place(1, "identity-scope"),
        "IdentityTokens/Roles/TokenRole.swift": Place(1, "identity-token-role"),
        "KVEngine/Stored/ArchiveRecord.swift": Place(2, "kv-archive", "kv-plain", "kv-plain-no-lease"),
        "KVEngine/Stored/Head+Encoding.swift": Place(1, "kv-head", "kv-head-destroyed", "kv-head-metadata"),
        "KVEngine/Stored/Head.swift": Place(1, "kv-head-metadata"),
        "KVEngine/Stored/MountSettings.swift": Place(2, "kv-settings", "kv-settings-off"),
        "KVEngine/Version1/KVVersion1Engine.swift": Place(1, "kv-plain"),
        "KVEngine/Version2/HeadEdit.swift": Place(2, "kv-archive", "kv-head"),
        "KVEngine/Version2/VersionedSecrets.swift": Place(1, "kv-settings"),
        "Lifetimes/Leases/LeaseEntry.swift": Place(1, "lease", "lease-stuck"),
        "Lifetimes/Leases/LeaseStore+Revocation.swift": Place(2, "lease-stuck"),
        "Lifetimes/Leases/LeaseStore.swift": Place(2, "lease"),
        "Lifetimes/Tokens/TokenEntry+Stored.swift": Place(1, "token", "token-root"),
        "Lifetimes/Tokens/TokenStore+Cubbyhole.swift": Place(1, none: "the JSON that the token's holder wrote"),
        "Lifetimes/Tokens/TokenStore+Revocation.swift": Place(1, "token"),
        "Lifetimes/Tokens/TokenStore+Wrapping.swift": Place(1, "wrapped-data"),
        "Lifetimes/Tokens/TokenStore.swift": Place(3, "token", "token-accessor"),
        "ProjectsEngine/ProjectRecord.swift": Place(1, "project", "project-implicit"),
        "ProjectsEngine/ProjectStore.swift": Place(4, "project", "project-default"),
        "Records/Record.swift": Place(2, "approle-role", "database-configuration", "userpass-user"),
        "Records/RecordTable.swift": Place(2, "approle-role", "database-configuration", "userpass-user"),
        "Records/Settings/Settings.swift": Place(1, "approle-role", "userpass-user"),
        "TransitEngine/Keys/KeySettings+Bounds.swift": Place(1, "transit-key-aes"),
        "TransitEngine/Stored/KeyStore+MountSettings.swift": Place(1, "transit-settings"),
        "TransitEngine/Stored/KeyStore.swift": Place(1, "transit-key-aes"),
        "TransitEngine/Stored/MountSettings.swift": Place(2, "transit-settings"),
        "TransitEngine/Stored/TransitKey+Stored.swift": Place(
            1, "transit-key-aes", "transit-key-derived", "transit-key-ed25519", "transit-key-hmac", "transit-key-imported"),
        "TransitEngine/Stored/WrappingKey.swift": Place(1, "transit-wrapping-key"),
        "UserSecretsEngine/Access/AccessEntry.swift": Place(1, "user-secrets-access"),
        "UserSecretsEngine/Keys/KeyRing.swift": Place(1, "user-secrets-root"),
        "UserSecretsEngine/Keys/OwnerKeys.swift": Place(1, "user-secrets-keys", "user-secrets-keys-destroyed"),
        "UserSecretsEngine/Keys/RootSecret.swift": Place(1, "user-secrets-root"),
        "UserSecretsEngine/Stored/OldValue.swift": Place(1, "user-secrets-old"),
        "UserSecretsEngine/Stored/OwnedRecords.swift": Place(1, "user-secrets-secret"),
        "UserSecretsEngine/Stored/OwnerCounts.swift": Place(1, "user-secrets-counts", "user-secrets-counts-trash"),
        "UserSecretsEngine/Stored/Pair.swift": Place(1, "user-secrets-pair"),
        "UserSecretsEngine/Stored/TrashedSecret.swift": Place(1, "user-secrets-trash"),
        "UserSecretsEngine/Stored/Usage.swift": Place(1, "user-secrets-usage"),
        "UserSecretsEngine/Stored/UserSecret+Stored.swift": Place(1, "user-secrets-secret"),
    ]

    /// Rooms that keep nothing: their encoders make answers, requests and logs. A record put there would be found all the same.
    private static let storeless: Set<String> = [
        "CLI", "CofferClient", "HTTPShell", "Policy", "Server", "ServiceAPI", "Syntax", "UserAPI", "VaultAPI",
    ]

    private static let encoders = [
        "func encoded() -> [UInt8]", "var encoded: [UInt8]", "var stored: JSON", "var stored: [JSONObject", "var json: JSON",
        "let settings = Settings(",
    ]

    /// Lines that put a record, or say what its bytes are. Index entries, which are empty, do not count.
    static func marks(in file: SourceTree.File) -> Int {
        guard file.room != "TestSupport" else { return 0 }
        return file.lines.count { line in
            let code = line.range(of: "//").map { line[..<$0.lowerBound] } ?? line
            if code.contains("atch.put(") || code.contains("torage.put("), !code.contains(", [])") { return true }
            guard !storeless.contains(file.room) else { return false }
            return encoders.contains { code.contains($0) } || code.contains("func encode(") && code.contains("-> [UInt8]")
        }
    }

    /// One line for each file that writes records otherwise than the table says.
    static func violations(in tree: SourceTree, goldens: Set<String>) -> [String] {
        let found = Dictionary(uniqueKeysWithValues: tree.files.map { ($0.path, marks(in: $0)) }).filter { $0.value > 0 }
        let uncounted = found.sorted { $0.key < $1.key }.filter { places[$0.key]?.marks != $0.value }
            .map {
                "\($0.key): \($0.value) places give a record its bytes, not \(places[$0.key]?.marks ?? 0): is there a golden file?"
            }
        let gone = places.keys.filter { found[$0] == nil }.sorted().map { "\($0): writes no record any more" }
        let missing = places.sorted { $0.key < $1.key }
            .flatMap { path, place in
                place.goldens.filter { !goldens.contains($0) }.map { "\(path): there is no golden file '\($0)'" }
            }
        let unexplained = places.filter { $0.value.goldens.isEmpty && $0.value.why.isEmpty }.keys.map {
            "\($0): no golden file, and no reason"
        }
        return uncounted + gone + missing + unexplained
    }
}
