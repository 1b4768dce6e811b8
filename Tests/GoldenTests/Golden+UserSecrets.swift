import EngineKit
import Records
import Syntax
import TestSupport

@testable import UserSecretsEngine

extension Golden {
    static let ofUserSecrets: [Golden] = [
        Golden("user-secrets-root") { try required(RootSecret(decoding: $0)).encoded() },
        Golden("user-secrets-keys") { try required(OwnerKeys(decoding: $0)).encoded() },
        Golden("user-secrets-keys-destroyed") { try required(OwnerKeys(decoding: $0)).encoded() },
        Golden("user-secrets-counts") { try required(OwnerCounts(decoding: $0)).encoded() },
        Golden("user-secrets-counts-trash") { try required(OwnerCounts(decoding: $0)).encoded() },
        Golden("user-secrets-usage") { try required(Usage(decoding: $0)).encoded() },
        Golden("user-secrets-access") { try required(AccessRecord(decoding: $0)).encoded() },
        Golden("user-secrets-trash") { try required(TrashedSecret(decoding: $0)).encoded() },
        Golden("user-secrets-pair") { try required(Pair(decoding: $0)).encoded() },
        // Both are opened and sealed again, so that what a value is bound to is held fast as well.
        Golden("user-secrets-secret") { bytes in
            var secret = try required(UserSecret(decoding: bytes))
            let (owner, key) = try ownersKey()
            let place = secret.place(of: owner)
            let value = try required(key.open(secret.sealed, at: place))
            guard value == Array("sk-golden-9876543210wxyz".utf8) else { throw Unreadable() }
            guard key.fingerprint(of: value) == secret.versions.last?.fingerprint else { throw Unreadable() }
            secret.sealed = try key.seal(value, at: place, randomness: KnownRandomness(secret.sealed.bytes))
            return secret.encoded()
        },
        Golden("user-secrets-old") { bytes in
            var old = try required(OldValue(decoding: bytes))
            let secret = try required(UserSecret(decoding: try GoldenFiles.bytes("user-secrets-secret")))
            let (owner, key) = try ownersKey()
            let place = secret.oldPlace(of: owner, version: 1)
            let value = try required(key.open(old.sealed, at: place))
            old.sealed = try key.seal(value, at: place, randomness: KnownRandomness(old.sealed.bytes))
            return old.encoded()
        },
    ]

    private static func ownersKey() throws -> (Owner, DataKey) {
        let root = try required(RootSecret(decoding: try GoldenFiles.bytes("user-secrets-root")))
        let keys = try required(OwnerKeys(decoding: try GoldenFiles.bytes("user-secrets-keys")))
        let owner = try Owner("u1")
        return (owner, try required(keys.dataKey(1, of: owner, under: root)))
    }
}
