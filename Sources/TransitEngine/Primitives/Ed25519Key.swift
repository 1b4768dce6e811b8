import Crypto
import EngineKit
import SecretMemory

/// An Ed25519 key (RFC 8032).
struct Ed25519Key: Sendable {
    private let secret: Curve25519.Signing.PrivateKey?
    private let verifier: Curve25519.Signing.PublicKey

    /// Reads a private key.
    init(seed: SecretBytes) throws(CofferError) {
        do {
            let key = try seed.withBytes { try Curve25519.Signing.PrivateKey(rawRepresentation: $0) }
            (secret, verifier) = (key, key.publicKey)
        } catch {
            throw .invalid("an ed25519 key has 32 bytes")
        }
    }

    /// Reads a public key.
    init(publicKey: [UInt8]) throws(CofferError) {
        do {
            (secret, verifier) = (nil, try Curve25519.Signing.PublicKey(rawRepresentation: publicKey))
        } catch {
            throw .invalid("an ed25519 key has 32 bytes")
        }
    }

    /// The public key as its 32 bytes.
    var publicKey: [UInt8] { [UInt8](verifier.rawRepresentation) }

    /// Returns the signature of a message.
    func sign(_ message: [UInt8]) throws(CofferError) -> [UInt8] {
        guard let secret else { throw .invalid("requested operation is not allowed without a private key") }
        do { return [UInt8](try secret.signature(for: message)) } catch {
            throw CofferError(.internal, "the signature could not be made")
        }
    }

    /// Whether the signature is that of the message.
    func isValid(_ signature: [UInt8], _ message: [UInt8]) -> Bool { verifier.isValidSignature(signature, for: message) }
}
