import Ciphers
import Crypto
import EngineKit
import FoundationEssentials
import SecretMemory

/// A cipher for authenticated encryption, with its key. For every algorithm, a ciphertext is `nonce | ciphertext | tag`.
enum SymmetricCipher: Sendable {
    case gcm(SymmetricKey)
    case chaCha(SymmetricKey)
    case extended(any ExtendedNonceCipher)

    static let tagBytes = 16

    /// Throws if the key does not have the length that its type needs.
    init(_ type: KeyType, _ key: SecretBytes) throws(CofferError) {
        guard type.family == .cipher, key.count == type.secretBytes else { throw .invalid("the key has the wrong length") }
        do throws(CipherError) {
            switch type {
            case .xChaCha20: self = .extended(try XChaCha20Poly1305(key: key))
            case .xaes256GCM: self = .extended(try XAES256GCM(key: key))
            case .chaCha20: self = .chaCha(key.withBytes { SymmetricKey(data: $0) })
            default: self = .gcm(key.withBytes { SymmetricKey(data: $0) })
            }
        } catch {
            throw .invalid("the key has the wrong length")
        }
    }

    /// The length of a nonce in bytes.
    var nonceBytes: Int {
        switch self {
        case .gcm, .chaCha: 12
        case .extended: XAES256GCM.nonceBytes
        }
    }

    /// Encrypts. The nonce is random or derived, never chosen by a caller.
    func seal(_ plaintext: [UInt8], nonce: [UInt8], authenticating associated: [UInt8]) throws(CofferError) -> [UInt8] {
        do {
            switch self {
            case .gcm(let key):
                let box = try AES.GCM.seal(plaintext, using: key, nonce: .init(data: nonce), authenticating: associated)
                return box.combined.map { [UInt8]($0) } ?? []
            case .chaCha(let key):
                let box = try ChaChaPoly.seal(plaintext, using: key, nonce: .init(data: nonce), authenticating: associated)
                return [UInt8](box.combined)
            case .extended(let cipher):
                var output: [UInt8] = []
                output.reserveCapacity(plaintext.count + nonce.count + Self.tagBytes)
                try plaintext.withUnsafeBytes { plaintext in
                    try nonce.withUnsafeBytes { nonce in
                        try associated.withUnsafeBytes {
                            try cipher.seal(plaintext, nonce: nonce, authenticating: $0, into: &output)
                        }
                    }
                }
                return output
            }
        } catch {
            throw CofferError(.tooLarge, "the plaintext is too large for one message")
        }
    }

    /// Decrypts. All failures have the same error.
    func open(_ sealed: [UInt8], authenticating associated: [UInt8]) throws(CofferError) -> [UInt8] {
        do {
            switch self {
            case .gcm(let key):
                return Self.wiping(try AES.GCM.open(.init(combined: sealed), using: key, authenticating: associated))
            case .chaCha(let key):
                return Self.wiping(try ChaChaPoly.open(.init(combined: sealed), using: key, authenticating: associated))
            case .extended(let cipher):
                return try sealed.withUnsafeBytes { sealed in
                    try associated.withUnsafeBytes { try cipher.open(sealed, authenticating: $0) }
                }
            }
        } catch {
            throw Self.doesNotOpen
        }
    }

    static let doesNotOpen = CofferError.invalid("invalid ciphertext: unable to decrypt")

    /// Returns the bytes of `opened` and wipes it.
    private static func wiping(_ opened: Data) -> [UInt8] {
        var opened = opened
        let bytes = [UInt8](opened)
        opened.withUnsafeMutableBytes { _ = $0.initializeMemory(as: UInt8.self, repeating: 0) }
        return bytes
    }
}
