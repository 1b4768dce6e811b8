import EngineKit
import SecretMemory
import Syntax

extension KeyMaking {
    /// Whether a version in a backup is one that this server could have created, imported and certified.
    func couldHaveMade(_ version: KeyVersion, of key: TransitKey) throws(CofferError) -> Bool {
        let age = time.now().seconds - version.created.seconds
        guard abs(age) <= DurationText.secondsMax else { return false }
        if let secret = version.secret {
            // Otherwise, the public key of another secret would be shown as the one of this secret.
            let again = try self.version(version.number, type: key.type, secret: secret)
            guard again.publicKey == version.publicKey else { return false }
        } else {
            guard key.settings.isImported, key.type.isAsymmetric else { return false }
            _ = try version.key
        }
        guard hasOwnHMACKey(version, key.type) else { return false }
        if !version.certificates.isEmpty {
            guard key.type.signs, !key.settings.isDerived else { return false }
            try version.check(version.certificates)
        }
        return true
    }

    private func hasOwnHMACKey(_ version: KeyVersion, _ type: KeyType) -> Bool {
        guard type == .hmac else { return version.hmacKey.count == KeySettings.hmacKeyBytes }
        return version.secret.map { secret in
            secret.withBytes { secret in version.hmacKey.withBytes { constantTimeEqual(secret, $0) } }
        } ?? false
    }
}
