import Certificates
import Crypto
import EngineKit
import FoundationEssentials
import SecretMemory

/// An ECDSA key on one of NIST's curves.
enum ECDSAKey: Sendable {
    case p256(P256.Signing.PrivateKey?, P256.Signing.PublicKey)
    case p384(P384.Signing.PrivateKey?, P384.Signing.PublicKey)
    case p521(P521.Signing.PrivateKey?, P521.Signing.PublicKey)

    private static let unreadable = CofferError.invalid("the key could not be read, or is not of the type that was named")

    /// Reads a private key.
    ///
    /// - Parameter scalar: Big-endian, as long as the curve's order.
    init(_ type: KeyType, scalar: SecretBytes) throws(CofferError) {
        do {
            self = try scalar.withBytes { bytes in
                switch type {
                case .p256:
                    let key = try P256.Signing.PrivateKey(rawRepresentation: bytes)
                    return .p256(key, key.publicKey)
                case .p384:
                    let key = try P384.Signing.PrivateKey(rawRepresentation: bytes)
                    return .p384(key, key.publicKey)
                default:
                    let key = try P521.Signing.PrivateKey(rawRepresentation: bytes)
                    return .p521(key, key.publicKey)
                }
            }
        } catch {
            throw Self.unreadable
        }
    }

    /// Reads a SubjectPublicKeyInfo.
    init(_ type: KeyType, publicDER: [UInt8]) throws(CofferError) {
        guard publicDER.count <= DERForm.bytesMax else { throw Self.unreadable }
        do {
            switch type {
            case .p256: self = .p256(nil, try .init(derRepresentation: publicDER))
            case .p384: self = .p384(nil, try .init(derRepresentation: publicDER))
            default: self = .p521(nil, try .init(derRepresentation: publicDER))
            }
        } catch {
            throw Self.unreadable
        }
    }

    /// Returns the scalar in the DER of a private key, PKCS #8 or SEC 1.
    static func scalar(_ type: KeyType, secretDER: SecretBytes) throws(CofferError) -> SecretBytes {
        guard secretDER.count <= DERForm.bytesMax else { throw unreadable }
        let key: ECDSAKey
        do {
            key = try secretDER.withBytes { der in
                switch type {
                case .p256: try ECDSAKey(P256.Signing.PrivateKey(derRepresentation: der))
                case .p384: try ECDSAKey(P384.Signing.PrivateKey(derRepresentation: der))
                default: try ECDSAKey(P521.Signing.PrivateKey(derRepresentation: der))
                }
            }
        } catch {
            throw unreadable
        }
        let isConsistent = secretDER.withBytes { der in
            var bytes = Array(der)
            defer { zero(&bytes) }
            return agrees(bytes, with: key.publicDER)
        }
        guard isConsistent, let scalar = key.scalar else {
            throw .invalid("the key is of another curve than \(type.rawValue), or contains a public key that is not its own")
        }
        return scalar
    }

    private init(_ key: P256.Signing.PrivateKey) { self = .p256(key, key.publicKey) }
    private init(_ key: P384.Signing.PrivateKey) { self = .p384(key, key.publicKey) }
    private init(_ key: P521.Signing.PrivateKey) { self = .p521(key, key.publicKey) }

    private var scalar: SecretBytes? {
        switch self {
        case .p256(let key, _): key.map { SecretBytes($0.rawRepresentation) }
        case .p384(let key, _): key.map { SecretBytes($0.rawRepresentation) }
        case .p521(let key, _): key.map { SecretBytes($0.rawRepresentation) }
        }
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
        switch type {
        case .p256: SecretBytes(P256.Signing.PrivateKey().rawRepresentation)
        case .p384: SecretBytes(P384.Signing.PrivateKey().rawRepresentation)
        default: SecretBytes(P521.Signing.PrivateKey().rawRepresentation)
        }
    }

    /// The public key as a SubjectPublicKeyInfo.
    var publicDER: [UInt8] {
        switch self {
        case .p256(_, let key): [UInt8](key.derRepresentation)
        case .p384(_, let key): [UInt8](key.derRepresentation)
        case .p521(_, let key): [UInt8](key.derRepresentation)
        }
    }

    /// Returns a signature: DER, or the two numbers side by side as JWS has them (RFC 7518, 3.4).
    func sign(_ digest: [UInt8], isRaw: Bool) throws(CofferError) -> [UInt8] {
        let digest = RawDigest(bytes: digest)
        do {
            switch self {
            case .p256(let key?, _):
                let signature = try key.signature(for: digest)
                return [UInt8](isRaw ? signature.rawRepresentation : signature.derRepresentation)
            case .p384(let key?, _):
                let signature = try key.signature(for: digest)
                return [UInt8](isRaw ? signature.rawRepresentation : signature.derRepresentation)
            case .p521(let key?, _):
                let signature = try key.signature(for: digest)
                return [UInt8](isRaw ? signature.rawRepresentation : signature.derRepresentation)
            default: throw CofferError.invalid("requested operation is not allowed without a private key")
            }
        } catch let error as CofferError {
            throw error
        } catch {
            throw CofferError(.internal, "the signature could not be made")
        }
    }

    /// Whether the signature is that of the digest. Returns nil if it does not have the form of a signature.
    func isValid(_ signature: [UInt8], _ digest: [UInt8], isRaw: Bool) -> Bool? {
        let digest = RawDigest(bytes: digest)
        switch self {
        case .p256(_, let key):
            let read =
                isRaw ? try? P256.Signing.ECDSASignature(rawRepresentation: signature) : try? .init(derRepresentation: signature)
            return read.map { key.isValidSignature($0, for: digest) }
        case .p384(_, let key):
            let read =
                isRaw ? try? P384.Signing.ECDSASignature(rawRepresentation: signature) : try? .init(derRepresentation: signature)
            return read.map { key.isValidSignature($0, for: digest) }
        case .p521(_, let key):
            let read =
                isRaw ? try? P521.Signing.ECDSASignature(rawRepresentation: signature) : try? .init(derRepresentation: signature)
            return read.map { key.isValidSignature($0, for: digest) }
        }
    }
}
