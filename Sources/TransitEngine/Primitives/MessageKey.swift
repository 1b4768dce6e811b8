import Crypto
import EngineKit
import FoundationEssentials
import SecretMemory

/// A key that signs messages as they are: Ed25519 (RFC 8032), or ML-DSA (FIPS 204) without a context string.
struct MessageKey: Sendable {
    private let secret: (any MessageSigner)?
    private let verifier: any MessageVerifier

    /// Reads a private key.
    init(_ type: KeyType, seed: SecretBytes) throws(CofferError) {
        do {
            let key = try seed.withBytes { try Self.signer(type).init(seed: Array($0)) }
            (secret, verifier) = (key, key.verifier)
        } catch {
            throw .invalid(
                type == .ed25519 ? "an ed25519 key has 32 bytes" : "an ML-DSA key is imported as its seed of 32 bytes")
        }
    }

    /// Reads a public key.
    init(_ type: KeyType, publicKey: [UInt8]) throws(CofferError) {
        do {
            (secret, verifier) = (nil, try Self.signer(type).verifier(publicKey))
        } catch {
            throw .invalid(
                type == .ed25519
                    ? "an ed25519 key has 32 bytes" : "the key could not be read, or is not of the type that was named")
        }
    }

    private static func signer(_ type: KeyType) -> any MessageSigner.Type {
        switch type {
        case .mlDSA65: MLDSA65.PrivateKey.self
        case .mlDSA87: MLDSA87.PrivateKey.self
        default: Curve25519.Signing.PrivateKey.self
        }
    }

    /// The public key as its standard encodes it.
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

/// A private key of swift-crypto.
private protocol MessageSigner: Sendable {
    associatedtype PublicKey: MessageVerifier
    init(seed: [UInt8]) throws
    var publicKey: PublicKey { get }
    func signature<Message: DataProtocol>(for message: Message) throws -> Data
}

/// A public key of swift-crypto.
private protocol MessageVerifier: Sendable {
    init<Bytes: DataProtocol & ContiguousBytes>(rawRepresentation: Bytes) throws
    var rawRepresentation: Data { get }
    func isValidSignature<Signature: DataProtocol, Message: DataProtocol>(_ signature: Signature, for message: Message) -> Bool
}

extension MessageSigner {
    var verifier: any MessageVerifier { publicKey }
    static func verifier(_ bytes: [UInt8]) throws -> any MessageVerifier { try PublicKey(rawRepresentation: bytes) }
}

extension Curve25519.Signing.PrivateKey: MessageSigner {
    fileprivate init(seed: [UInt8]) throws { try self.init(rawRepresentation: seed) }
}

extension MLDSA65.PrivateKey: MessageSigner {
    fileprivate init(seed: [UInt8]) throws { try self.init(seedRepresentation: seed, publicKey: nil) }
}

extension MLDSA87.PrivateKey: MessageSigner {
    fileprivate init(seed: [UInt8]) throws { try self.init(seedRepresentation: seed, publicKey: nil) }
}

extension Curve25519.Signing.PublicKey: MessageVerifier {}
extension MLDSA65.PublicKey: MessageVerifier {}
extension MLDSA87.PublicKey: MessageVerifier {}
