import Crypto
import CryptoExtras
import EngineKit
import FoundationEssentials
import SecretMemory

/// An RSA key: OAEP, PSS and PKCS #1 v1.5 around the raw operations.
struct RSAKey: Sendable {
    let publicDER: [UInt8]
    private let exponentiation: PublicExponentiation
    /// Offered for blind signatures, it is the raw operation, blinded against timing and checked before its result is given.
    private let secret: _RSA.BlindSigning.PrivateKey<SHA384>?

    private static let parameters = _RSA.BlindSigning.Parameters<SHA384>.RSABSSA_SHA384_PSS_Deterministic

    /// - Parameter secretDER: PKCS #1 or PKCS #8.
    init(_ type: KeyType, secretDER: SecretBytes) throws(CofferError) {
        do {
            let key = try secretDER.withBytes { try _RSA.Signing.PrivateKey(derRepresentation: $0) }
            try self.init(type, key.publicKey, try .init(derRepresentation: key.derRepresentation, parameters: Self.parameters))
        } catch {
            throw .invalid("the RSA key could not be read, or is not of the type \(type.rawValue)")
        }
    }

    init(_ type: KeyType, publicDER: [UInt8]) throws(CofferError) {
        do {
            try self.init(type, try _RSA.Signing.PublicKey(derRepresentation: publicDER), nil)
        } catch {
            throw .invalid("the RSA key could not be read, or is not of the type \(type.rawValue)")
        }
    }

    private init(_ type: KeyType, _ key: _RSA.Signing.PublicKey, _ secret: _RSA.BlindSigning.PrivateKey<SHA384>?) throws {
        let numbers = try key.getKeyPrimitives()
        guard let exponentiation = PublicExponentiation(modulus: numbers.modulus, exponent: numbers.publicExponent),
            exponentiation.bitCount == type.rsaBits
        else { throw CofferError.invalid("") }
        self.exponentiation = exponentiation
        self.secret = secret
        publicDER = [UInt8](key.derRepresentation)
    }

    /// A new key, as PKCS #1 DER and its public part.
    static func make(bits: Int) throws -> (secret: SecretBytes, publicDER: [UInt8]) {
        let key = try _RSA.Signing.PrivateKey(keySize: .init(bitCount: bits))
        var der = key.derRepresentation
        defer { der.withUnsafeMutableBytes { _ = $0.initializeMemory(as: UInt8.self, repeating: 0) } }
        return (SecretBytes(der), [UInt8](key.publicKey.derRepresentation))
    }

    var byteCount: Int { exponentiation.byteCount }

    // MARK: Encryption

    func encrypt(
        _ message: some Collection<UInt8>, _ hash: HashAlgorithm = .sha256, _ randomness: any Randomness
    ) throws(CofferError) -> [UInt8] {
        guard let padded = RSAPadding.oaep(message, hash, seed: randomness.bytes(hash.byteCount), bytes: byteCount),
            let sealed = exponentiation(padded)
        else { throw .invalid("the plaintext is too long for an RSA key of this size; use a data key") }
        return sealed
    }

    func decrypt(_ sealed: [UInt8], _ hash: HashAlgorithm = .sha256) throws(CofferError) -> SecretBytes {
        guard sealed.count == byteCount else { throw SymmetricCipher.doesNotOpen }
        var padded = try raw(sealed, else: SymmetricCipher.doesNotOpen)
        guard let message = RSAPadding.openOAEP(&padded, hash) else { throw SymmetricCipher.doesNotOpen }
        return message
    }

    // MARK: Signatures

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
