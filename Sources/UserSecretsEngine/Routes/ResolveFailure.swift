import EngineKit

/// Why a secret cannot be used. The reason of each is the code that nodes know it by.
enum ResolveFailure: String, Sendable {
    case notFound = "not_found"
    case inactive
    case expired
    case ambiguous

    var error: CofferError {
        switch self {
        case .notFound: UserSecretsFailure.error(.notFound, reason: rawValue, "the user has no such secret")
        case .inactive:
            UserSecretsFailure.error(.conflict, reason: rawValue, "the secret is switched off; its owner can switch it on")
        case .expired: UserSecretsFailure.error(.conflict, reason: rawValue, "the secret has expired; its owner has to replace it")
        case .ambiguous:
            UserSecretsFailure.error(
                .conflict, reason: rawValue,
                "the user has several secrets of this provider and type; name a label or an id, or make one the default")
        }
    }
}
