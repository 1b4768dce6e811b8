import Ciphers
import CryptoExtras
import EngineKit
import FoundationEssentials
import SecretMemory

/// An RSA key with the paddings OAEP, PSS and PKCS #1 v1.5.
struct RSAKey: Sendable {
    let publicDER: [UInt8]
    private let key: PaddedRSA
    private let isPrivate: Bool

    /// Reads a private key.
    ///
    /// - Parameter secretDER: PKCS #1 or PKCS #8.
    init(_ type: KeyType, secretDER: SecretBytes) throws(CofferError) {
        do {
            // swift-crypto checks that the numbers are those of one key.
            let secret = try secretDER.withBytes { try _RSA.Signing.PrivateKey(derRepresentation: $0) }
            var der = secret.derRepresentation
            defer { der.withUnsafeMutableBytes { _ = $0.initializeMemory(as: UInt8.self, repeating: 0) } }
            let key = der.withUnsafeBytes { PaddedRSA(privateDER: $0) }
            try self.init(type, key, publicDER: [UInt8](secret.publicKey.derRepresentation), isPrivate: true)
        } catch {
            throw .invalid("the RSA key could not be read, or is not of the type \(type.rawValue)")
        }
    }

    /// Reads a SubjectPublicKeyInfo.
    init(_ type: KeyType, publicDER: [UInt8]) throws(CofferError) {
        do {
            let der = [UInt8](try _RSA.Signing.PublicKey(derRepresentation: publicDER).derRepresentation)
            try self.init(type, PaddedRSA(publicDER: der), publicDER: der, isPrivate: false)
        } catch {
            throw .invalid("the RSA key could not be read, or is not of the type \(type.rawValue)")
        }
    }

    private init(_ type: KeyType, _ key: PaddedRSA?, publicDER: [UInt8], isPrivate: Bool) throws(CofferError) {
        guard let key, key.bitCount == type.rsaBits else { throw .invalid("") }
        self.key = key
        self.publicDER = publicDER
        self.isPrivate = isPrivate
    }

    /// Makes a key and returns its PKCS #1 DER, and the SubjectPublicKeyInfo of its public part.
    static func make(bits: Int) throws -> (secret: SecretBytes, publicDER: [UInt8]) {
        let key = try _RSA.Signing.PrivateKey(keySize: .init(bitCount: bits))
        var der = key.derRepresentation
        defer { der.withUnsafeMutableBytes { _ = $0.initializeMemory(as: UInt8.self, repeating: 0) } }
        return (SecretBytes(der), [UInt8](key.publicKey.derRepresentation))
    }

    /// The length of the modulus, and so of ciphertexts and signatures.
    var byteCount: Int { key.byteCount }

    private func checkIsPrivate() throws(CofferError) {
        guard isPrivate else { throw .invalid("requested operation is not allowed without a private key") }
    }

    // MARK: Encryption

    /// Encrypts with OAEP.
    func encrypt(_ message: some Collection<UInt8>, hash: HashAlgorithm = .sha256) throws(CofferError) -> [UInt8] {
        guard let sealed = key.encrypt(message, .oaep(hash: hash.rawValue)) else {
            throw .invalid("the plaintext is too long for an RSA key of this size; use a data key")
        }
        return sealed
    }

    /// Decrypts with OAEP. All failures have the same error, because telling them apart would be a padding oracle.
    func decrypt(_ sealed: [UInt8], _ hash: HashAlgorithm = .sha256) throws(CofferError) -> SecretBytes {
        guard sealed.count == byteCount else { throw SymmetricCipher.doesNotOpen }
        try checkIsPrivate()
        guard let message = key.decrypt(sealed, .oaep(hash: hash.rawValue)) else { throw SymmetricCipher.doesNotOpen }
        return message
    }

    // MARK: Signatures

    /// The length of the salt of PSS, which the field `salt_length` names.
    enum SaltLength: Sendable, Hashable {
        /// When signing, the longest salt that fits; when verifying, a salt of any length.
        case auto
        case hash
        case bytes(Int)
    }

    /// Returns a signature with the padding that `input` names.
    func sign(_ input: SigningInput) throws(CofferError) -> [UInt8] {
        var padding = PaddedRSA.Padding.pkcs1(hash: input.hash?.rawValue)
        if input.padding == .pss {
            guard let hash = input.hash else { throw .invalid("PSS signatures need a hash algorithm") }
            let longest = (key.bitCount + 6) / 8 - hash.byteCount - 2
            let count = Self.saltBytes(input.saltLength, hash) ?? longest
            guard (0...max(longest, 0)).contains(count) else {
                throw .invalid("requested salt length is invalid: it must be between 0 and \(longest)")
            }
            padding = .pss(hash: hash.rawValue, saltBytes: count)
        }
        guard input.hash.map({ $0.byteCount == input.digest.count }) ?? (input.digest.count + 11 <= byteCount) else {
            throw .invalid("the input is not as long as the output of the hash algorithm")
        }
        try checkIsPrivate()
        guard let signature = key.sign(input.digest, padding) else {
            throw CofferError(.internal, "the signature could not be made")
        }
        return signature
    }

    /// Whether the signature is that of the input.
    func isValid(_ signature: [UInt8], _ input: SigningInput) -> Bool {
        guard input.padding == .pss else {
            return key.isValid(signature, of: input.digest, .pkcs1(hash: input.hash?.rawValue))
        }
        guard let hash = input.hash else { return false }
        let saltBytes = Self.saltBytes(input.saltLength, hash)
        return key.isValid(signature, of: input.digest, .pss(hash: hash.rawValue, saltBytes: saltBytes))
    }

    /// Returns nil for `auto`.
    private static func saltBytes(_ length: SaltLength, _ hash: HashAlgorithm) -> Int? {
        switch length {
        case .auto: nil
        case .hash: hash.byteCount
        case .bytes(let count): count
        }
    }
}
