import EngineKit
import Syntax

extension SystemEngine {
    var quotaPaths: [EnginePath] {
        [
            EnginePath(
                "quotas/config", "What rate limits do besides limiting.",
                fields: [
                    Field("enable_rate_limit_audit_logging", .bool, "Whether refused requests are put on record."),
                    Field("enable_rate_limit_response_headers", .bool, "Whether replies say how much is left."),
                    Field(
                        "rate_limit_exempt_paths", .strings,
                        "Paths that no quota counts, with all that begins with them. sys/quotas is always one."),
                    Field("absolute_rate_limit_exempt_paths", .strings, "The same, counted beside the other list."),
                ],
                endpoints: [
                    .read: .init("Read the settings.", changesNothing: true) { _ in .data(quotas.configuration.shown) },
                    .update: .init("Change the settings.") { request in
                        try await quotas.configure(request.fields)
                        return .empty
                    },
                ]),
            EnginePath(
                "quotas/rate-limit", "Rate-limit quotas.", fields: Paging.fields,
                endpoints: [
                    .list: .init("List quotas.", changesNothing: true) { request in
                        try .keys(Paging(request.fields).page(of: quotas.names))
                    }
                ]),
            EnginePath(
                "quotas/rate-limit/{name}", "One rate-limit quota.",
                details: "Of all quotas that fit a request the most special counts: role, path, mount, then all.",
                fields: Self.quotaFields, exists: { quotas.quota($0.captures["name"]) != nil },
                endpoints: [
                    .read: .init("Read a quota.", changesNothing: true) { request in
                        guard let quota = quotas.quota(request.captures["name"]) else { throw CofferError.notFound }
                        return .data(quota.shown)
                    },
                    .update: .init("Make or replace a quota.") { request in
                        try await quotas.write(try quota(request))
                        return .empty
                    },
                    .delete: .init("Delete a quota.") { request in
                        try await quotas.delete(request.captures["name"])
                        return .empty
                    },
                ]),
        ]
    }

    private static let quotaFields = [
        Field("name", .string, "Name of the quota."),
        Field("type", .string, "rate-limit."),
        Field("path", .string, default: "", "A mount, or a path in one with * at its end for anything; empty for all requests."),
        Field("role", .string, default: "", "Only logins of this role; the path must be of an auth mount."),
        Field("rate", .any, "Requests in an interval, for each client address."),
        Field("interval", .duration, "Over which requests are counted; 1s when left out."),
        Field("block_interval", .duration, default: 0, "For how long a client that went beyond its rate is kept out."),
        Field("inheritable", .bool, "Whether namespaces inherit it; there are none here."),
    ]

    private func quota(_ request: Request) throws(CofferError) -> RateLimitQuota {
        let fields = request.fields
        let type = fields.string("type") ?? "rate-limit"
        guard type == "rate-limit" else { throw .invalid("field 'type' must be \"rate-limit\"") }
        let sent = fields.any("rate")
        guard let rate = (sent?.numberText ?? sent?.stringValue).flatMap(Double.init), rate > 0, rate <= RateLimitQuota.rateMax
        else { throw .invalid("'rate' is invalid") }
        var quota = RateLimitQuota(name: request.captures["name"], rate: rate)
        if let interval = fields.duration("interval"), interval > 0 { quota.interval = interval }
        quota.blockInterval = fields.duration("block_interval") ?? 0
        guard quota.interval <= RateLimitQuota.secondsMax, quota.blockInterval <= RateLimitQuota.secondsMax else {
            throw .invalid("'interval' and 'block_interval' may be a year at most")
        }
        quota.role = fields.string("role") ?? ""
        let mount = try place(&quota, fields.string("path") ?? "")
        guard quota.role.isEmpty || mount?.entry.mountClass == .auth else {
            throw .invalid("'role' is only for the path of an auth mount")
        }
        quota.isInheritable = fields.bool("inheritable") ?? quota.mountPath.isEmpty
        guard !quota.isInheritable || quota.mountPath.isEmpty else {
            throw .invalid("only namespace quotas can be configured as inheritable")
        }
        return quota
    }

    /// Splits the path at its mount, which must exist.
    private func place(_ quota: inout RateLimitQuota, _ text: String) throws(CofferError) -> Mount? {
        guard !text.isEmpty, text != "/" else { return nil }
        let canonical: CanonicalPath
        do {
            canonical = try CanonicalPath(decoded: text.hasUTF8Prefix("/") ? String(text.dropFirstUTF8()) : text)
        } catch {
            throw .invalid("'path' is not acceptable: \(error.rawValue)")
        }
        guard !canonical.text.dropLastUTF8().containsUTF8("*") else { throw .invalid("'path' may have '*' at its end only") }
        guard let (mount, relative) = mounts.router.route(canonical.text) else {
            throw .invalid("invalid mount path \"\(canonical.text)\"")
        }
        quota.mountPath = mount.entry.path
        quota.suffix = String(relative)
        return mount
    }
}

extension JSON {
    /// The digits of a number.
    fileprivate var numberText: String? { if case .number(let text) = self { text } else { nil } }
}
