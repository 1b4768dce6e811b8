import Crypto
import EngineKit
import SecretMemory

/// An ML-DSA key (FIPS 204), which signs messages as they are and without a context string.
enum MLDSAKey: Sendable {
    case level65(MLDSA65.PrivateKey?, MLDSA65.PublicKey)
    case level87(MLDSA87.PrivateKey?, MLDSA87.PublicKey)

    /// Reads a private key.
    init(_ type: KeyType, seed: SecretBytes) throws(CofferError) {
        do {
            self = try seed.withBytes { seed in
                if type == .mlDSA65 {
                    let key = try MLDSA65.PrivateKey(seedRepresentation: Array(seed), publicKey: nil)
                    return .level65(key, key.publicKey)
                }
                let key = try MLDSA87.PrivateKey(seedRepresentation: Array(seed), publicKey: nil)
                return .level87(key, key.publicKey)
            }
        } catch {
            throw .invalid("an ML-DSA key is imported as its seed of 32 bytes")
        }
    }

    /// Reads a public key.
    init(_ type: KeyType, publicKey: [UInt8]) throws(CofferError) {
        do {
            if type == .mlDSA65 {
                self = .level65(nil, try .init(rawRepresentation: publicKey))
            } else {
                self = .level87(nil, try .init(rawRepresentation: publicKey))
            }
        } catch {
            throw .invalid("the key could not be read, or is not of the type that was named")
        }
    }

    /// The public key as FIPS 204 encodes it.
    var publicKey: [UInt8] {
        switch self {
        case .level65(_, let key): [UInt8](key.rawRepresentation)
        case .level87(_, let key): [UInt8](key.rawRepresentation)
        }
    }

    /// Returns the signature of a message.
    func sign(_ message: [UInt8]) throws(CofferError) -> [UInt8] {
        do {
            switch self {
            case .level65(let key?, _): return [UInt8](try key.signature(for: message))
            case .level87(let key?, _): return [UInt8](try key.signature(for: message))
            default: throw CofferError.invalid("requested operation is not allowed without a private key")
            }
        } catch let error as CofferError {
            throw error
        } catch {
            throw CofferError(.internal, "the signature could not be made")
        }
    }

    /// Whether the signature is that of the message.
    func isValid(_ signature: [UInt8], _ message: [UInt8]) -> Bool {
        switch self {
        case .level65(_, let key): key.isValidSignature(signature, for: message)
        case .level87(_, let key): key.isValidSignature(signature, for: message)
        }
    }
}
