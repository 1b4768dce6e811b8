import Crypto
import EngineKit
import Hashes
import SecretMemory

/// The hashes of `hash`, `hmac`, `sign` and `verify`, by their names in the Vault API.
enum HashAlgorithm: String, Sendable, CaseIterable {
    case sha1
    case sha224 = "sha2-224"
    case sha256 = "sha2-256"
    case sha384 = "sha2-384"
    case sha512 = "sha2-512"
    case sha3x224 = "sha3-224"
    case sha3x256 = "sha3-256"
    case sha3x384 = "sha3-384"
    case sha3x512 = "sha3-512"

    /// Throws if there is no such algorithm.
    init(named name: String) throws(CofferError) {
        guard let known = HashAlgorithm(rawValue: name) else { throw .invalid("unsupported hash algorithm") }
        self = known
    }

    /// The length of a digest.
    var byteCount: Int {
        switch self {
        case .sha1: 20
        case .sha224, .sha3x224: 28
        case .sha256, .sha3x256: 32
        case .sha384, .sha3x384: 48
        case .sha512, .sha3x512: 64
        }
    }

    /// Returns the digest of `input`.
    func digest(_ input: some Collection<UInt8>) -> [UInt8] {
        switch function {
        case .swift(let function): function.digest(Array(input))
        case .system(let function): function.digest(Array(input))
        }
    }

    /// Returns the authentication code of `input`.
    func hmac(_ input: [UInt8], key: SecretBytes) -> [UInt8] {
        switch function {
        case .swift(let function): function.hmac(input, key.withBytes { SymmetricKey(data: $0) })
        case .system(let function): key.withBytes { function.hmac(input, key: $0) }
        }
    }

    private var function: Function {
        switch self {
        case .sha1: .swift(Insecure.SHA1.self)
        case .sha224: .system(.sha224)
        case .sha256: .swift(SHA256.self)
        case .sha384: .swift(SHA384.self)
        case .sha512: .swift(SHA512.self)
        case .sha3x224: .system(.sha3x224)
        case .sha3x256: .swift(SHA3_256.self)
        case .sha3x384: .swift(SHA3_384.self)
        case .sha3x512: .swift(SHA3_512.self)
        }
    }

    /// Where a hash function comes from.
    private enum Function {
        case swift(any HashFunction.Type)
        /// swift-crypto lacks it.
        case system(WholeHash)
    }
}

extension HashFunction {
    fileprivate static func digest(_ input: [UInt8]) -> [UInt8] { Array(hash(data: input)) }
    fileprivate static func hmac(_ input: [UInt8], _ key: SymmetricKey) -> [UInt8] {
        Array(HMAC<Self>.authenticationCode(for: input, using: key))
    }
}
