import Crypto
import CryptoExtras
import EngineKit
import FoundationEssentials
import SecretMemory

/// An RSA key with the paddings OAEP, PSS and PKCS #1 v1.5.
struct RSAKey: Sendable {
    let publicDER: [UInt8]
    private let exponentiation: PublicExponentiation
    /// swift-crypto offers the raw operation only for blind signatures. It is blinded against timing attacks, and its
    /// result is checked before it is returned.
    private let secret: _RSA.BlindSigning.PrivateKey<SHA384>?

    private static let parameters = _RSA.BlindSigning.Parameters<SHA384>.RSABSSA_SHA384_PSS_Deterministic

    /// Reads a private key.
    ///
    /// - Parameter secretDER: PKCS #1 or PKCS #8.
    init(_ type: KeyType, secretDER: SecretBytes) throws(CofferError) {
        do {
            let key = try secretDER.withBytes { try _RSA.Signing.PrivateKey(derRepresentation: $0) }
            let secret = try _RSA.BlindSigning.PrivateKey<SHA384>(
                derRepresentation: key.derRepresentation, parameters: Self.parameters)
            try self.init(type, publicKey: key.publicKey, secret: secret)
        } catch {
            throw .invalid("the RSA key could not be read, or is not of the type \(type.rawValue)")
        }
    }

    /// Reads a SubjectPublicKeyInfo.
    init(_ type: KeyType, publicDER: [UInt8]) throws(CofferError) {
        do {
            try self.init(type, publicKey: try _RSA.Signing.PublicKey(derRepresentation: publicDER), secret: nil)
        } catch {
            throw .invalid("the RSA key could not be read, or is not of the type \(type.rawValue)")
        }
    }

    private init(
        _ type: KeyType, publicKey key: _RSA.Signing.PublicKey, secret: _RSA.BlindSigning.PrivateKey<SHA384>?
    ) throws {
        let numbers = try key.getKeyPrimitives()
        guard let exponentiation = PublicExponentiation(modulus: numbers.modulus, exponent: numbers.publicExponent),
            exponentiation.bitCount == type.rsaBits
        else { throw CofferError.invalid("") }
        self.exponentiation = exponentiation
        self.secret = secret
        publicDER = [UInt8](key.derRepresentation)
    }

    /// Makes a key and returns its PKCS #1 DER, and the SubjectPublicKeyInfo of its public part.
    static func make(bits: Int) throws -> (secret: SecretBytes, publicDER: [UInt8]) {
        let key = try _RSA.Signing.PrivateKey(keySize: .init(bitCount: bits))
        var der = key.derRepresentation
        defer { der.withUnsafeMutableBytes { _ = $0.initializeMemory(as: UInt8.self, repeating: 0) } }
        return (SecretBytes(der), [UInt8](key.publicKey.derRepresentation))
    }

    /// The length of the modulus, and so of ciphertexts and signatures.
    var byteCount: Int { exponentiation.byteCount }

    // MARK: Encryption

    /// Encrypts with OAEP.
    func encrypt(
        _ message: some Collection<UInt8>, hash: HashAlgorithm = .sha256, randomness: any Randomness
    ) throws(CofferError) -> [UInt8] {
        guard let padded = RSAPadding.oaep(message, hash, seed: randomness.bytes(hash.byteCount), bytes: byteCount),
            let sealed = exponentiation(padded)
        else { throw .invalid("the plaintext is too long for an RSA key of this size; use a data key") }
        return sealed
    }

    /// Decrypts with OAEP. All failures have the same error, because telling them apart would be a padding oracle.
    func decrypt(_ sealed: [UInt8], _ hash: HashAlgorithm = .sha256) throws(CofferError) -> SecretBytes {
        guard sealed.count == byteCount else { throw SymmetricCipher.doesNotOpen }
        var padded = try raw(sealed, else: SymmetricCipher.doesNotOpen)
        guard let message = RSAPadding.openOAEP(&padded, hash) else { throw SymmetricCipher.doesNotOpen }
        return message
    }

    // MARK: Signatures

    /// Returns a signature with the padding that `input` names.
    func sign(_ input: SigningInput, _ randomness: any Randomness) throws(CofferError) -> [UInt8] {
        let padded: [UInt8]?
        switch input.padding {
        case .pkcs1v15: padded = RSAPadding.pkcs1(input.digest, input.hash, bytes: byteCount)
        case .pss:
            guard let hash = input.hash else { throw .invalid("PSS signatures need a hash algorithm") }
            let longest = RSAPadding.saltBytesMax(hash, bits: exponentiation.bitCount)
            let count =
                switch input.saltLength {
                case .auto: longest
                case .hash: hash.byteCount
                case .bytes(let count): count
                }
            guard (0...max(longest, 0)).contains(count) else {
                throw .invalid("requested salt length is invalid: it must be between 0 and \(longest)")
            }
            padded = RSAPadding.pss(input.digest, hash, salt: randomness.bytes(count), bits: exponentiation.bitCount)
        }
        guard let padded else { throw .invalid("the input is not as long as the output of the hash algorithm") }
        return try raw(padded, else: CofferError(.internal, "the signature could not be made"))
    }

    /// Whether the signature is that of the input.
    func isValid(_ signature: [UInt8], _ input: SigningInput) -> Bool {
        guard let padded = exponentiation(signature) else { return false }
        switch input.padding {
        case .pkcs1v15: return padded == RSAPadding.pkcs1(input.digest, input.hash, bytes: byteCount)
        case .pss:
            guard let hash = input.hash else { return false }
            return RSAPadding.isPSS(padded, of: input.digest, hash, salt: input.saltLength, bits: exponentiation.bitCount)
        }
    }

    private func raw(_ input: [UInt8], else failure: CofferError) throws(CofferError) -> [UInt8] {
        guard let secret else { throw .invalid("requested operation is not allowed without a private key") }
        do { return [UInt8](try secret.blindSignature(for: input).rawRepresentation) } catch { throw failure }
    }
}
