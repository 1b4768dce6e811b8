import JOSE

/// The algorithms that identity tokens are signed with.
enum KeyAlgorithm: String, CaseIterable, Sendable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    case edDSA = "EdDSA"

    /// Whether its keys are RSA keys, which take long to make.
    var isRSA: Bool {
        switch self {
        case .rs256, .rs384, .rs512: true
        case .es256, .es384, .es512, .edDSA: false
        }
    }

    /// The algorithm by its name in the header of a token.
    var signature: SignatureAlgorithm {
        switch self {
        case .rs256: .rs256
        case .rs384: .rs384
        case .rs512: .rs512
        case .es256: .es256
        case .es384: .es384
        case .es512: .es512
        case .edDSA: .edDSA
        }
    }
}
