import EngineKit
import SecretMemory
import Syntax

/// Encrypts and decrypts with one version of a key.
struct VersionCipher {
    private let key: TransitKey
    private let version: KeyVersion

    init(_ key: TransitKey, _ version: KeyVersion) throws(CofferError) {
        guard key.type.encrypts else {
            throw Self.unsupported(key.type)
        }
        self.key = key
        self.version = version
    }

    /// Encrypts `plaintext` and returns it as `vault:v1:…`. The input has the context and the associated data.
    func seal(
        _ plaintext: [UInt8], with item: OperationInput, randomness: any Randomness
    ) throws(CofferError) -> String {
        try item.refuseNonce()
        let associated = try item.bytes("associated_data") ?? []
        switch try version.key {
        case .cipher(let whole):
            let (cipher, nonces) = try cipher(whole, item)
            let nonce =
                nonces?.nonce(plaintext, authenticating: associated, count: cipher.nonceBytes)
                ?? randomness.bytes(cipher.nonceBytes)
            return VersionedText.make(version.number, try cipher.seal(plaintext, nonce: nonce, authenticating: associated))
        case .rsa(let rsa):
            try refuse(associated)
            let sealed = try rsa.encrypt(plaintext)
            return VersionedText.make(version.number, sealed)
        case .kem(let kem): return VersionedText.make(version.number, try kem.seal(plaintext, authenticating: associated))
        case .message, .ecdsa, .hmac: throw Self.unsupported(key.type)
        }
    }

    /// Decrypts what ``seal(_:with:randomness:)`` returned. `sealed` is the part after the version.
    func open(_ sealed: [UInt8], with item: OperationInput) throws(CofferError) -> [UInt8] {
        try item.refuseNonce()
        let associated = try item.bytes("associated_data") ?? []
        switch try version.key {
        case .cipher(let whole): return try cipher(whole, item).0.open(sealed, authenticating: associated)
        case .rsa(let rsa):
            try refuse(associated)
            return try rsa.decrypt(sealed).withBytes { Array($0) }
        case .kem(let kem): return try kem.open(sealed, authenticating: associated)
        case .message, .ecdsa, .hmac: throw Self.unsupported(key.type)
        }
    }

    private func cipher(_ whole: SymmetricCipher, _ item: OperationInput) throws(CofferError) -> (SymmetricCipher, NonceKeys?) {
        guard key.settings.isDerived else { return (whole, nil) }
        return try DerivedKey.cipher(
            key.type, try version.privateSecret, context: try item.bytes("context"), isConvergent: key.settings.isConvergent)
    }

    private static func unsupported(_ type: KeyType) -> CofferError {
        .invalid("message encryption and decryption not supported for key type \(type.rawValue)")
    }

    private func refuse(_ associated: [UInt8]) throws(CofferError) {
        guard associated.isEmpty else { throw .invalid("associated_data is not supported for key type \(key.type.rawValue)") }
    }
}
