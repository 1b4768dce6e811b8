import EngineKit
import Records
import Syntax

/// `sys/quotas/config`.
struct QuotaConfiguration: Sendable, Hashable {
    var recordsRefusals = false
    var showsHeaders = false
    /// Paths that no quota counts, and all that begins with them. A final `*` says the same; `!` before a longer one takes it
    /// out again.
    var exemptPaths = Self.defaultExemptPaths
    var absoluteExemptPaths: [String] = []

    static let pathsMax = 1_000

    /// Vault's.
    static let defaultExemptPaths = [
        "sys/generate-recovery-token/attempt", "sys/generate-recovery-token/update", "sys/generate-root/attempt",
        "sys/generate-root/update", "sys/health", "sys/seal-status", "sys/unseal",
    ]

    /// The quotas' own paths: whoever set a quota that is too narrow must be able to widen it.
    static func isOwn(_ path: CanonicalPath) -> Bool {
        path.text.equalsUTF8("sys/quotas") || path.text.hasUTF8Prefix("sys/quotas/")
    }

    func isExempt(_ path: CanonicalPath) -> Bool {
        Self.isExempt(path.description, by: exemptPaths) || Self.isExempt(path.description, by: absoluteExemptPaths)
    }

    /// The longest prefix decides, as in Vault.
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

    /// Without the dialect's prefix, which is no part of a path.
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
            "enable_rate_limit_audit_logging", \.recordsRefusals, as: .flag, help: "Whether refused requests are put on record."),
        Setting(
            "enable_rate_limit_response_headers", \.showsHeaders, as: .flag, help: "Whether replies say how much is left."),
        Setting(
            "rate_limit_exempt_paths", \.exemptPaths, as: .names(normalize: paths),
            help: "Paths that no quota counts, with all that begins with them. sys/quotas is always one."),
        Setting(
            "absolute_rate_limit_exempt_paths", \.absoluteExemptPaths, as: .names(normalize: paths),
            help: "The same, counted beside the other list."))

    private static func paths(_ paths: [String], field: String) throws(CofferError) -> [String] {
        guard paths.count <= pathsMax, paths.allSatisfy({ (1...CanonicalPath.bytesMax).contains($0.utf8.count) }) else {
            throw .invalid("field '\(field)' may have \(pathsMax) paths of 1 to \(CanonicalPath.bytesMax) bytes")
        }
        return paths.map(trimmed)
    }
}
