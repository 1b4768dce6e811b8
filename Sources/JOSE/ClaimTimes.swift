package import EngineKit

/// How far the times of a token may be off, in seconds.
package struct ClaimLeeways: Sendable, Hashable {
    /// How long a token without an end is valid after its beginning.
    package var expiration = 150
    /// How long before its end a token without a beginning is valid.
    package var notBefore = 150
    /// How far the clock of the issuer may differ from that of the server.
    package var clockSkew = 60

    /// Creates the default leeways.
    package init() {}
}

/// Why the times of a token refuse it. The raw value is the message.
package enum ClaimTimeRefusal: String, Error, Sendable, Hashable {
    case malformed = "a time in the token is not a valid number of seconds"
    case missing = "no issued at (iat), not before (nbf), or expiration time (exp) claims in token"
    case early = "invalid not before (nbf) claim: token not yet valid"
    case late = "invalid expiration time (exp) claim: token is expired"
    case future = "invalid issued at (iat) claim: token issued in the future"
}

extension TokenClaims {
    /// Checks that the token is valid now (RFC 7519, 4.1.4 to 4.1.6). A beginning or an end that the token does not have follows from
    /// what it has; a token without any time is refused.
    package func checkTimes(at now: Timestamp, _ leeways: ClaimLeeways) throws(ClaimTimeRefusal) {
        let expires: Timestamp?
        let notBefore: Timestamp?
        let issued: Timestamp?
        do { (expires, notBefore, issued) = (try moment("exp"), try moment("nbf"), try moment("iat")) } catch { throw .malformed }
        guard expires != nil || notBefore != nil || issued != nil else { throw .missing }
        let latestStart = [notBefore, issued].compactMap(\.self).max()
        let end = expires ?? latestStart?.adding(seconds: leeways.expiration)
        let start = notBefore ?? issued ?? end?.adding(seconds: -leeways.notBefore)
        guard let end, let start else { throw .missing }
        let later = now.adding(seconds: leeways.clockSkew)
        if later < start { throw .early }
        if end < now.adding(seconds: -leeways.clockSkew) { throw .late }
        if let issued, later < issued { throw .future }
    }
}
