import EngineKit

/// The parameters of a signature that a request asks for.
struct SignatureScheme: Sendable {
    /// The hash of the input, or nil for `none`.
    let hash: HashAlgorithm?
    let padding: SigningInput.Padding
    let saltLength: RSAKey.SaltLength
    let isPrehashed: Bool
    let isJWS: Bool

    init(_ request: Request, _ type: KeyType) throws(CofferError) {
        guard type.signs else { throw .invalid("key type \(type.rawValue) does not support signing or verification") }
        let fields = request.fields
        hash = try Self.hash(request)
        isPrehashed = fields.flag("prehashed")
        switch fields.text("signature_algorithm") {
        case "", "pss": padding = .pss
        case "pkcs1v15": padding = .pkcs1v15
        default: throw .invalid("unsupported signature algorithm; must be \"pss\" or \"pkcs1v15\"")
        }
        switch fields.text("marshaling_algorithm") {
        case "", "asn1": isJWS = false
        case "jws": isJWS = true
        default: throw .invalid("invalid marshaling algorithm; must be \"asn1\" or \"jws\"")
        }
        saltLength = try Self.saltLength(fields.text("salt_length"))
        if hash == nil, !isPrehashed || padding != .pkcs1v15 {
            throw .invalid("hash_algorithm=none requires both prehashed=true and signature_algorithm=pkcs1v15")
        }
        if isPrehashed, !type.hashesInput {
            throw .invalid("only pure \(type.rawValue) signatures are supported, prehashed must be false")
        }
    }

    /// Returns the hash that the path names, or else `hash_algorithm` or `algorithm`; nil for `none`.
    static func hash(_ request: Request) throws(CofferError) -> HashAlgorithm? {
        var name = request.captures["urlalgorithm"]
        if name.isEmpty { name = request.fields.text("hash_algorithm") }
        if name.isEmpty { name = request.fields.text("algorithm") }
        return name == "none" ? nil : try HashAlgorithm(named: name)
    }

    private static func saltLength(_ text: String) throws(CofferError) -> RSAKey.SaltLength {
        switch text.lowercased() {
        case "auto", "0": return .auto
        case "hash", "-1": return .hash
        default:
            guard let count = Int(text), (1...1_024).contains(count) else {
                throw .invalid("invalid salt length; must be \"auto\", \"hash\" or a number of bytes")
            }
            return .bytes(count)
        }
    }

    /// Returns the input of a signature of `bytes`.
    func input(_ bytes: [UInt8], _ type: KeyType) throws(CofferError) -> SigningInput {
        var digest = bytes
        if type.hashesInput, !isPrehashed, let hash { digest = hash.digest(bytes) }
        guard !type.hashesInput || (1...1_024).contains(digest.count) else {
            throw .invalid("the prehashed input has a wrong length")
        }
        return SigningInput(digest: digest, hash: hash, padding: padding, saltLength: saltLength)
    }
}
