import EngineKit
import Syntax

/// The claims that the server sets, and how others are added to them.
enum TokenClaimNames {
    /// The claims that no template may have, as in Vault.
    static let reserved: Set = [
        "iss", "sub", "aud", "exp", "iat", "namespace", "nonce", "auth_time", "at_hash", "c_hash", "azp",
    ]

    static let tooLarge = CofferError(
        .tooLarge, "the token would be too large; the template refers to too much metadata or to too many groups")

    /// The most bytes of the claims of a token.
    static let bytesMax = 24 << 10

    /// Throws if a template has a claim that the server sets.
    static func check(_ template: ClaimTemplate) throws(CofferError) {
        guard let name = template.names.first(where: { reserved.contains($0) }) else { return }
        throw .invalid(
            "top level key \"\(name)\" not allowed. Restricted keys: \(reserved.sorted().joined(separator: ", "))")
    }

    /// Returns the claims with those of a template after them. The server's own are never replaced, whatever is stored.
    static func merged(_ own: JSONObject, _ others: [JSONObject]) throws(CofferError) -> JSONObject {
        var claims = own
        for member in others.flatMap(\.members) where !reserved.contains(member.key) && claims[member.key] == nil {
            claims.members.append(member)
        }
        guard claims.encoded().count <= bytesMax else { throw tooLarge }
        return claims
    }
}
