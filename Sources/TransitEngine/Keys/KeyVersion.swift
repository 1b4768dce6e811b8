import EngineKit
import SecretMemory
import Synchronization

/// One version of a key. It is parsed for use once, when it is first used.
final class KeyVersion: Sendable {
    let number: Int
    let created: Timestamp
    let type: KeyType
    /// The key, the seed, the scalar, or the DER of an RSA key; nil if only the public part was imported.
    let secret: SecretBytes?
    /// Raw bytes, or the DER of a SubjectPublicKeyInfo for ECDSA and RSA. Empty for symmetric keys.
    let publicKey: [UInt8]
    /// The key that `hmac` uses, whatever the type.
    let hmacKey: SecretBytes
    /// The DER of the certificate for this key and of those of its issuers, in this order.
    let certificates: [[UInt8]]
    private let opened = Mutex<OpenedKey?>(nil)

    init(
        number: Int, created: Timestamp, type: KeyType, secret: SecretBytes?, publicKey: [UInt8] = [], hmacKey: SecretBytes,
        certificates: [[UInt8]] = []
    ) {
        self.number = number
        self.created = created
        self.type = type
        self.secret = secret
        self.publicKey = publicKey
        self.hmacKey = hmacKey
        self.certificates = certificates
    }

    /// Returns this version with another chain of certificates.
    func certified(by certificates: [[UInt8]]) -> KeyVersion {
        KeyVersion(
            number: number, created: created, type: type, secret: secret, publicKey: publicKey, hmacKey: hmacKey,
            certificates: certificates)
    }

    /// The private key. Throws if only the public key was imported.
    var privateSecret: SecretBytes {
        get throws(CofferError) {
            guard let secret else { throw .invalid("requested operation is not allowed without a private key") }
            return secret
        }
    }

    /// The key, parsed for use.
    var key: OpenedKey {
        get throws(CofferError) {
            if let key = opened.withLock({ $0 }) { return key }
            let key = try OpenedKey(self)
            opened.withLock { $0 = key }
            return key
        }
    }
}
