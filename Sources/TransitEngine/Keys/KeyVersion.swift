import EngineKit
import SecretMemory
import Synchronization

/// One version of a key. What it takes to use it is opened once, at first use, and goes with it.
final class KeyVersion: Sendable {
    let number: Int
    let created: Timestamp
    let type: KeyType
    /// The key, the seed, or the private key's DER; nil when only the public part is known.
    let secret: SecretBytes?
    /// Raw bytes, or the DER of a SubjectPublicKeyInfo for ECDSA and RSA. Empty for symmetric keys.
    let publicKey: [UInt8]
    /// What `hmac` uses, whatever the type.
    let hmacKey: SecretBytes
    /// DER of the leaf and those that vouch for it.
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

    func certified(by certificates: [[UInt8]]) -> KeyVersion {
        KeyVersion(
            number: number, created: created, type: type, secret: secret, publicKey: publicKey, hmacKey: hmacKey,
            certificates: certificates)
    }

    /// The private part; throws where the key was imported without one.
    var privateSecret: SecretBytes {
        get throws(CofferError) {
            guard let secret else { throw .invalid("requested operation is not allowed without a private key") }
            return secret
        }
    }

    /// Ready for use.
    var key: OpenedKey {
        get throws(CofferError) {
            if let key = opened.withLock({ $0 }) { return key }
            let key = try OpenedKey(self)
            opened.withLock { $0 = key }
            return key
        }
    }
}
