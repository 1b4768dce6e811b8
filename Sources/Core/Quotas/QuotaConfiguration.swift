import EngineKit
import Records
import Syntax

/// The settings of all quotas, at `sys/quotas/config`.
struct QuotaConfiguration: Sendable, Hashable {
    /// Whether the audit records requests beyond a quota.
    var recordsRefusals = false
    /// Whether answers have `X-Ratelimit-` headers.
    var showsHeaders = false
    /// The path prefixes that no quota counts, with or without a final `*`. A prefix that begins with `!` is counted although a
    /// shorter one exempts it.
    var exemptPaths = Self.defaultExemptPaths
    var absoluteExemptPaths: [String] = []

    static let pathsMax = 1_000

    /// The exempt paths by default, which are Vault's.
    static let defaultExemptPaths = [
        "sys/generate-recovery-token/attempt", "sys/generate-recovery-token/update", "sys/generate-root/attempt",
        "sys/generate-root/update", "sys/health", "sys/seal-status", "sys/unseal",
    ]

    /// Returns whether a path configures quotas. Such paths have a separate, fixed limit, so that an operator can always widen a
    /// quota that is too narrow.
    static func isOwn(_ path: CanonicalPath) -> Bool {
        path.text.equalsUTF8("sys/quotas") || path.text.hasUTF8Prefix("sys/quotas/")
    }

    /// Returns whether no quota counts requests to a path.
    func isExempt(_ path: CanonicalPath) -> Bool {
        Self.isExempt(path.description, by: exemptPaths) || Self.isExempt(path.description, by: absoluteExemptPaths)
    }

    /// Returns whether the longest prefix that matches exempts the path, as in Vault.
    private static func isExempt(_ path: String, by entries: [String]) -> Bool {
        var longest = -1
        var isExempt = false
        for entry in entries {
            let named = entry.removingUTF8Prefix("!")
            let whole = named ?? entry[...]
            let prefix = whole.removingUTF8Suffix("*") ?? whole
            guard prefix.utf8.count > longest, path.hasUTF8Prefix(prefix) else { continue }
            longest = prefix.utf8.count
            isExempt = named == nil
        }
        return isExempt
    }

    /// Returns a prefix without a leading `/` or `v1/`.
    private static func trimmed(_ entry: String) -> String {
        let named = entry.removingUTF8Prefix("!")
        var path = named ?? entry[...]
        path = path.removingUTF8Prefix("/") ?? path
        path = path.removingUTF8Prefix("v1/") ?? path
        return (named == nil ? "" : "!") + path
    }
}

extension QuotaConfiguration: Record, SettingsRecord {
    static let settings = Settings(
        new: QuotaConfiguration(),
        Setting(
            "enable_rate_limit_audit_logging", \.recordsRefusals, as: .flag, help: "Whether the audit records refused requests."),
        Setting(
            "enable_rate_limit_response_headers", \.showsHeaders, as: .flag,
            help: "Whether answers have headers with the limit and what is left of it."),
        Setting(
            "rate_limit_exempt_paths", \.exemptPaths, as: .names(normalize: paths),
            help: "Path prefixes that no quota counts. sys/quotas is always exempt."),
        Setting(
            "absolute_rate_limit_exempt_paths", \.absoluteExemptPaths, as: .names(normalize: paths),
            help: "Path prefixes that no quota counts, in addition to rate_limit_exempt_paths."))

    private static func paths(_ paths: [String], field: String) throws(CofferError) -> [String] {
        guard paths.count <= pathsMax, paths.allSatisfy({ (1...CanonicalPath.bytesMax).contains($0.utf8.count) }) else {
            throw .invalid("field '\(field)' must have at most \(pathsMax) paths, each of 1 to \(CanonicalPath.bytesMax) bytes")
        }
        return paths.map(trimmed)
    }
}
