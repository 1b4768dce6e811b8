import Certificates
import Crypto
import EngineKit
import FoundationEssentials
import SecretMemory

/// An ECDSA key on one of NIST's curves.
struct ECDSAKey: Sendable {
    private let secret: (any CurveSigner)?
    private let verifier: any CurveVerifier

    private static let unreadable = CofferError.invalid("the key could not be read, or is not of the type that was named")

    /// Reads a private key.
    ///
    /// - Parameter scalar: Big-endian, as long as the curve's order.
    init(_ type: KeyType, scalar: SecretBytes) throws(CofferError) {
        do {
            self.init(try scalar.withBytes { try Self.signer(type).init(rawRepresentation: $0) })
        } catch {
            throw Self.unreadable
        }
    }

    /// Reads a SubjectPublicKeyInfo.
    init(_ type: KeyType, publicDER: [UInt8]) throws(CofferError) {
        guard publicDER.count <= DERForm.bytesMax else { throw Self.unreadable }
        do {
            (secret, verifier) = (nil, try Self.signer(type).verifier(publicDER))
        } catch {
            throw Self.unreadable
        }
    }

    private init(_ secret: any CurveSigner) { (self.secret, verifier) = (secret, secret.verifier) }

    private static func signer(_ type: KeyType) -> any CurveSigner.Type {
        switch type {
        case .p256: P256.Signing.PrivateKey.self
        case .p384: P384.Signing.PrivateKey.self
        default: P521.Signing.PrivateKey.self
        }
    }

    /// Returns the scalar in the DER of a private key, PKCS #8 or SEC 1.
    static func scalar(_ type: KeyType, secretDER: SecretBytes) throws(CofferError) -> SecretBytes {
        guard secretDER.count <= DERForm.bytesMax else { throw unreadable }
        let secret: any CurveSigner
        do {
            secret = try secretDER.withBytes { try signer(type).init(derRepresentation: $0) }
        } catch {
            throw unreadable
        }
        let isConsistent = secretDER.withBytes { der in
            var bytes = Array(der)
            defer { zero(&bytes) }
            return agrees(bytes, with: ECDSAKey(secret).publicDER)
        }
        guard isConsistent else {
            throw .invalid("the key is of another curve than \(type.rawValue), or contains a public key that is not its own")
        }
        return SecretBytes(secret.rawRepresentation)
    }

    /// Whether a private key in PKCS #8 or SEC 1 names either the curve of a public key or none, and contains either that
    /// public key or none. swift-crypto reads the private number and ignores both.
    private static func agrees(_ der: [UInt8], with publicDER: [UInt8]) -> Bool {
        guard let publicKey = try? SubjectPublicKeyInfo(der: publicDER) else { return false }
        let info = try? PrivateKeyInfo(der: der)
        if let info, info.algorithm != publicKey.algorithm { return false }
        return (try? ECPrivateKeyClaims(der: info?.key ?? der[...]))?.agree(with: publicKey) ?? false
    }

    /// Makes a key and returns its scalar.
    static func make(_ type: KeyType) -> SecretBytes {
        SecretBytes(signer(type).init(compactRepresentable: true).rawRepresentation)
    }

    /// The public key as a SubjectPublicKeyInfo.
    var publicDER: [UInt8] { [UInt8](verifier.derRepresentation) }

    /// Returns a signature: DER, or the two numbers side by side as JWS has them (RFC 7518, 3.4).
    func sign(_ digest: [UInt8], isRaw: Bool) throws(CofferError) -> [UInt8] {
        guard let secret else { throw .invalid("requested operation is not allowed without a private key") }
        do {
            return [UInt8](try secret.sign(RawDigest(bytes: digest), isRaw: isRaw))
        } catch {
            throw CofferError(.internal, "the signature could not be made")
        }
    }

    /// Whether the signature is that of the digest. Returns nil if it does not have the form of a signature.
    func isValid(_ signature: [UInt8], _ digest: [UInt8], isRaw: Bool) -> Bool? {
        verifier.isValid(signature, RawDigest(bytes: digest), isRaw: isRaw)
    }
}

/// A private key of swift-crypto.
private protocol CurveSigner: Sendable {
    associatedtype PublicKey: CurveVerifier
    init(compactRepresentable: Bool)
    init<Bytes: ContiguousBytes>(rawRepresentation: Bytes) throws
    init<Bytes: RandomAccessCollection>(derRepresentation: Bytes) throws where Bytes.Element == UInt8
    var rawRepresentation: Data { get }
    var publicKey: PublicKey { get }
    func signature<D: Digest>(for digest: D) throws -> PublicKey.Signature
}

/// A public key of swift-crypto.
private protocol CurveVerifier: Sendable {
    associatedtype Signature: CurveSignature
    init<Bytes: RandomAccessCollection>(derRepresentation: Bytes) throws where Bytes.Element == UInt8
    var derRepresentation: Data { get }
    func isValidSignature<D: Digest>(_ signature: Signature, for digest: D) -> Bool
}

/// A signature of swift-crypto.
private protocol CurveSignature {
    init<Bytes: DataProtocol>(rawRepresentation: Bytes) throws
    init<Bytes: DataProtocol>(derRepresentation: Bytes) throws
    var rawRepresentation: Data { get }
    var derRepresentation: Data { get }
}

extension CurveSigner {
    var verifier: any CurveVerifier { publicKey }
    static func verifier(_ der: [UInt8]) throws -> any CurveVerifier { try PublicKey(derRepresentation: der) }

    func sign(_ digest: RawDigest, isRaw: Bool) throws -> Data {
        let signature = try signature(for: digest)
        return isRaw ? signature.rawRepresentation : signature.derRepresentation
    }
}

extension CurveVerifier {
    func isValid(_ signature: [UInt8], _ digest: RawDigest, isRaw: Bool) -> Bool? {
        let read = isRaw ? try? Signature(rawRepresentation: signature) : try? Signature(derRepresentation: signature)
        return read.map { isValidSignature($0, for: digest) }
    }
}

extension P256.Signing.PrivateKey: CurveSigner {}
extension P384.Signing.PrivateKey: CurveSigner {}
extension P521.Signing.PrivateKey: CurveSigner {}
extension P256.Signing.PublicKey: CurveVerifier {}
extension P384.Signing.PublicKey: CurveVerifier {}
extension P521.Signing.PublicKey: CurveVerifier {}
extension P256.Signing.ECDSASignature: CurveSignature {}
extension P384.Signing.ECDSASignature: CurveSignature {}
extension P521.Signing.ECDSASignature: CurveSignature {}
