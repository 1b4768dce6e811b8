import EngineKit
import Syntax

/// `sys/quotas/config`.
struct QuotaConfiguration: Sendable, Hashable {
    var recordsRefusals = false
    var showsHeaders = false
    /// Paths that no quota counts; a final `*` stands for anything.
    var exemptPaths = Self.defaultExemptPaths
    var absoluteExemptPaths: [String] = []

    static let pathsMax = 1_000

    /// Vault's.
    static let defaultExemptPaths = [
        "sys/generate-recovery-token/attempt", "sys/generate-recovery-token/update", "sys/generate-root/attempt",
        "sys/generate-root/update", "sys/health", "sys/seal-status", "sys/unseal",
    ]

    func isExempt(_ path: String) -> Bool {
        exemptPaths.contains { Self.covers($0, path) } || absoluteExemptPaths.contains { Self.covers($0, path) }
    }

    private static func covers(_ pattern: String, _ path: String) -> Bool {
        guard pattern.hasUTF8Suffix("*") else { return path == pattern }
        return path.utf8.starts(with: pattern.utf8.dropLast())
    }

    var shown: JSONObject {
        [
            "enable_rate_limit_audit_logging": .bool(recordsRefusals), "enable_rate_limit_response_headers": .bool(showsHeaders),
            "rate_limit_exempt_paths": .strings(exemptPaths), "absolute_rate_limit_exempt_paths": .strings(absoluteExemptPaths),
        ]
    }

    /// Takes over what was sent and leaves the rest.
    mutating func update(_ fields: Fields) throws(CofferError) {
        if let value = fields.bool("enable_rate_limit_audit_logging") { recordsRefusals = value }
        if let value = fields.bool("enable_rate_limit_response_headers") { showsHeaders = value }
        if let paths = try Self.paths(fields, "rate_limit_exempt_paths") { exemptPaths = paths }
        if let paths = try Self.paths(fields, "absolute_rate_limit_exempt_paths") { absoluteExemptPaths = paths }
    }

    private static func paths(_ fields: Fields, _ name: String) throws(CofferError) -> [String]? {
        guard let paths = fields.strings(name) else { return nil }
        guard paths.count <= pathsMax, paths.allSatisfy({ (1...CanonicalPath.bytesMax).contains($0.utf8.count) }) else {
            throw .invalid("field '\(name)' may have \(pathsMax) paths of 1 to \(CanonicalPath.bytesMax) bytes")
        }
        return paths.map { path in
            let trimmed = path.hasUTF8Prefix("/") ? path.dropFirstUTF8() : path[...]
            return String(trimmed.hasUTF8Prefix("v1/") ? trimmed.dropFirstUTF8(3) : trimmed)
        }
    }

    init() {}

    init?(stored: JSON) {
        guard let records = stored["enable_rate_limit_audit_logging"]?.boolValue,
            let shows = stored["enable_rate_limit_response_headers"]?.boolValue,
            let exempt = stored["rate_limit_exempt_paths"]?.texts,
            let absolute = stored["absolute_rate_limit_exempt_paths"]?.texts
        else { return nil }
        (recordsRefusals, showsHeaders) = (records, shows)
        (exemptPaths, absoluteExemptPaths) = (exempt, absolute)
    }
}
