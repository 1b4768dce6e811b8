import EngineKit
import Syntax

extension MountTuning {
    static let fields: [Field] = [
        Field("default_lease_ttl", .duration, "Default life of tokens and leases; the system's when 0."),
        Field("max_lease_ttl", .duration, "Longest life of tokens and leases; the system's when 0."),
        Field("force_no_cache", .bool, "Accepted for compatibility."),
        Field("description", .string, "For people."),
        Field("audit_non_hmac_request_keys", .strings, "Request fields that the audit shows in the clear."),
        Field("audit_non_hmac_response_keys", .strings, "Response fields that the audit shows in the clear."),
        Field("listing_visibility", .string, "\"unauth\" shows the mount to everybody, \"hidden\" does not."),
        Field("passthrough_request_headers", .strings, "Request headers that the engine gets."),
        Field("allowed_response_headers", .strings, "Headers that the engine may set."),
        Field("token_type", .string, "Type of the tokens of an auth mount."),
        Field("options", .stringMap, "Settings of the engine, such as version of kv."),
        Field("plugin_version", .string, "Accepted when empty."),
        Field("user_lockout_config", .object, "Not used by this version."),
    ]

    private static let visibilities = ["", "hidden", "unauth"]
    private static let tokenTypes = ["default-service", "default-batch", "service", "batch", ""]

    /// Takes over what was sent and leaves the rest.
    mutating func update(_ fields: Fields, settings: CoreSettings) throws(CofferError) {
        if let value = fields.duration("default_lease_ttl") { defaultTTL = value }
        if let value = fields.duration("max_lease_ttl") { maxTTL = value }
        let longest = maxTTL > 0 ? maxTTL : settings.maxTTL
        guard defaultTTL <= longest else {
            throw .invalid("given default lease TTL greater than the effective max lease TTL of \(longest) seconds")
        }
        if let value = fields.bool("force_no_cache") { forceNoCache = value }
        if let value = fields.strings("audit_non_hmac_request_keys") { auditClearRequestKeys = value }
        if let value = fields.strings("audit_non_hmac_response_keys") { auditClearResponseKeys = value }
        if let value = fields.strings("passthrough_request_headers") { passthroughRequestHeaders = value }
        if let value = fields.strings("allowed_response_headers") { allowedResponseHeaders = value }
        if let value = fields.string("listing_visibility") {
            guard Self.visibilities.contains(value) else {
                throw .invalid("field 'listing_visibility' must be \"hidden\" or \"unauth\"")
            }
            listingVisibility = value
        }
        if let value = fields.string("token_type") {
            guard Self.tokenTypes.contains(value) else {
                throw .invalid("field 'token_type' must be default-service, default-batch, service or batch")
            }
            tokenType = value.isEmpty ? "default-service" : value
        }
    }
}

/// Where something may be mounted.
enum MountPaths {
    private static let reserved = ["sys/", "auth/", "audit/", "cubbyhole/", "identity/"]

    /// The path with its final slash, from the root. Refuses the server's own.
    static func new(_ shown: String, _ mountClass: MountEntry.Class) throws(CofferError) -> String {
        let canonical: CanonicalPath
        do {
            canonical = try CanonicalPath(decoded: shown)
        } catch {
            throw .invalid("the mount's path is not acceptable: \(error.rawValue)")
        }
        let path = canonical.text + "/"
        guard !canonical.text.contains("*"), !canonical.text.contains("+") else {
            throw .invalid("a mount's path may not contain '*' or '+'")
        }
        if mountClass == .auth {
            guard path != "token/" else { throw .invalid("path is already in use at \(path)") }
            return "auth/" + path
        }
        guard !reserved.contains(where: path.hasPrefix) else { throw .invalid("cannot mount under existing mount \"\(path)\"") }
        return path
    }

    /// Mounts do not lie inside each other.
    static func checkFree(_ path: String, among entries: [MountEntry]) throws(CofferError) {
        for entry in entries where entry.path.hasPrefix(path) || path.hasPrefix(entry.path) {
            throw .invalid("path is already in use at \(entry.shownPath)")
        }
    }
}
