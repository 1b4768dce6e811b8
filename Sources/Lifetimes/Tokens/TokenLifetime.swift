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
        var warnings: [String] = []
        var ttl = terms.period > 0 ? terms.period : terms.ttl > 0 ? terms.ttl : defaultTTL
        if terms.period == 0 {
            let limit = terms.maxTTL > 0 ? min(terms.maxTTL, maxTTL) : maxTTL
            if ttl > limit {
                if terms.ttl > 0 {
                    warnings.append(
                        "TTL of \"\(DurationText.text(seconds: ttl))\" exceeded the effective max_ttl of \"\(DurationText.text(seconds: limit))\"; TTL value is capped accordingly"
                    )
                }
                ttl = limit
            }
        }
        if terms.explicitMaxTTL > 0, ttl > terms.explicitMaxTTL { ttl = terms.explicitMaxTTL }
        return TokenLifetime(ttl: ttl, warnings: warnings)
    }

    /// A renewed token's life, or nil when it has reached an end that no renewal moves.
    ///
    /// Never returns 0: a token near its end stays near its end, it does not become one without an end.
    package static func renewed(_ entry: TokenEntry, increment: Int, at now: Timestamp) -> TokenLifetime? {
        var warnings: [String] = []
        var ttl = entry.period > 0 ? entry.period : increment > 0 ? increment : entry.creationTTL
        if entry.period == 0 {
            let left = entry.createdAt.adding(seconds: entry.maxTTL).secondsRoundedDown(since: now)
            if ttl > left {
                warnings.append(
                    "TTL of \"\(DurationText.text(seconds: ttl))\" exceeded the effective max_ttl; TTL value is capped accordingly")
                ttl = left
            }
        }
        if entry.explicitMaxTTL > 0 {
            ttl = min(ttl, entry.createdAt.adding(seconds: entry.explicitMaxTTL).secondsRoundedDown(since: now))
        }
        return ttl > 0 ? TokenLifetime(ttl: ttl, warnings: warnings) : nil
    }
}
