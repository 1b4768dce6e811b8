package import EngineKit
import Syntax

/// The arithmetic of TTLs. Pure, so that every corner is a test.
package struct TokenLifetime: Sendable, Hashable {
    /// Seconds the token lives from now.
    package var ttl: Int
    package var warnings: [String]

    /// A new token's life.
    ///
    /// `defaultTTL` and `maxTTL` are the mount's, already resolved against the system's, and above 0.
    package static func initial(_ terms: TokenTerms, defaultTTL: Int, maxTTL: Int) -> TokenLifetime {
        let limit = terms.maxTTL > 0 ? min(terms.maxTTL, maxTTL) : maxTTL
        var warnings: [String] = []
        var ttl = terms.period > 0 ? terms.period : terms.ttl > 0 ? terms.ttl : defaultTTL
        if ttl > limit {
            // Nobody asked for the mount's default.
            if terms.period > 0 || terms.ttl > 0 {
                warnings.append(cappedWarning(asked: ttl, limit: limit, isPeriod: terms.period > 0))
            }
            ttl = limit
        }
        if terms.explicitMaxTTL > 0, ttl > terms.explicitMaxTTL { ttl = terms.explicitMaxTTL }
        return TokenLifetime(ttl: ttl, warnings: warnings)
    }

    /// A renewed token's life, or nil when it has reached an end that no renewal moves.
    ///
    /// Never returns 0: a token near its end stays near its end, it does not become one without an end.
    package static func renewed(_ entry: TokenEntry, increment: Int, terms: RenewalTerms, at now: Timestamp) -> TokenLifetime? {
        var warnings: [String] = []
        var ttl = terms.period > 0 ? terms.period : increment > 0 ? increment : terms.ttl
        // A periodic token has no last day; one period is no longer than the maximum.
        let left =
            terms.period > 0 ? terms.maxTTL : entry.createdAt.adding(seconds: terms.maxTTL).secondsRoundedDown(since: now)
        if ttl > left {
            warnings.append(cappedWarning(asked: ttl, limit: left, isPeriod: terms.period > 0))
            ttl = left
        }
        if terms.explicitMaxTTL > 0 {
            ttl = min(ttl, entry.createdAt.adding(seconds: terms.explicitMaxTTL).secondsRoundedDown(since: now))
        }
        return ttl > 0 ? TokenLifetime(ttl: ttl, warnings: warnings) : nil
    }

    /// In the words that clients of the Vault API know.
    package static func cappedWarning(asked: Int, limit: Int, isPeriod: Bool = false) -> String {
        let (asked, limit) = (DurationText.shortText(seconds: asked), DurationText.shortText(seconds: limit))
        return (isPeriod ? "period" : "TTL") + " of \"\(asked)\" exceeded the effective max_ttl of \"\(limit)\"; "
            + (isPeriod ? "period" : "TTL") + " value is capped accordingly"
    }
}
