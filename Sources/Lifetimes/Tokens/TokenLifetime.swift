package import EngineKit
import Syntax

/// Computes the lifetimes of tokens from values alone, so that every case can be tested.
package struct TokenLifetime: Sendable, Hashable {
    /// The TTL from now, in seconds.
    package var ttl: Int
    /// The warnings about a TTL that was shortened, for the caller.
    package var warnings: [String]

    /// Returns the lifetime of a new token. `defaultTTL` and `maxTTL` are the mount's, or the system's if the mount has
    /// none, and above 0.
    package static func initial(_ terms: TokenTerms, defaultTTL: Int, maxTTL: Int) -> TokenLifetime {
        let limit = terms.maxTTL > 0 ? min(terms.maxTTL, maxTTL) : maxTTL
        var warnings: [String] = []
        var ttl = terms.ttl > 0 ? terms.ttl : defaultTTL
        if terms.period > 0 { ttl = terms.period }
        if ttl > limit {
            // The mount's default is shortened without a warning, because nobody asked for it.
            if terms.period > 0 || terms.ttl > 0 {
                warnings.append(cappedWarning(asked: ttl, limit: limit, isPeriod: terms.period > 0))
            }
            ttl = limit
        }
        if terms.explicitMaxTTL > 0, ttl > terms.explicitMaxTTL { ttl = terms.explicitMaxTTL }
        return TokenLifetime(ttl: ttl, warnings: warnings)
    }

    /// Returns the lifetime of a renewed token, or nil if it has reached an end that no renewal can move.
    ///
    /// The TTL is never 0, which would mean a token without an end.
    package static func renewed(_ entry: TokenEntry, increment: Int, terms: RenewalTerms, at now: Timestamp) -> TokenLifetime? {
        var warnings: [String] = []
        var ttl = increment > 0 ? increment : terms.ttl
        if terms.period > 0 { ttl = terms.period }
        // A periodic token can be renewed any number of times, but a period is at most as long as the maximum.
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

    /// Returns the warning about a shortened TTL, in the words that clients of the Vault API know.
    package static func cappedWarning(asked: Int, limit: Int, isPeriod: Bool = false) -> String {
        let (asked, limit) = (DurationText.shortText(seconds: asked), DurationText.shortText(seconds: limit))
        return (isPeriod ? "period" : "TTL") + " of \"\(asked)\" exceeded the effective max_ttl of \"\(limit)\"; "
            + (isPeriod ? "period" : "TTL") + " value is capped accordingly"
    }
}
