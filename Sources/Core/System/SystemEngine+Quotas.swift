import EngineKit
import Records
import Syntax

extension SystemEngine {
    var quotaPaths: [EnginePath] {
        [
            EnginePath(
                "quotas/config", "Configures all rate limits.",
                fields: QuotaConfiguration.settings.fields,
                endpoints: [
                    .read: .init("Read the settings.", changesNothing: true) { _ in .data(quotas.configuration.shown) },
                    .update: .init("Change the settings.") { request in
                        try await quotas.configure(request.fields)
                        return .empty
                    },
                ]),
            EnginePath(
                "quotas/rate-limit", "Lists the rate-limit quotas.", fields: Paging.fields,
                endpoints: [
                    .list: .init("List quotas.", changesNothing: true) { request in
                        try .keys(Paging(request.fields).page(of: quotas.names))
                    }
                ]),
            EnginePath(
                "quotas/rate-limit/{name}", "Reads, writes and deletes a rate-limit quota.",
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

    private static let quotaFields =
        [
            Field("name", .string, "Name of the quota."),
            Field("type", .string, default: "rate-limit", "rate-limit."),
            Field(
                "path", .string, default: "", "A mount, or a path in one with * at its end for anything; empty for all requests."),
        ] + RateLimitQuota.settings.fields

    private func quota(_ request: Request) throws(CofferError) -> RateLimitQuota {
        let fields = request.fields
        guard fields.text("type") == "rate-limit" else { throw .invalid("field 'type' must be \"rate-limit\"") }
        var quota = RateLimitQuota(name: request.captures["name"], rate: 0)
        try quota.update(fields)
        if quota.interval == 0 { quota.interval = 1 }
        let mount = try place(&quota, fields.text("path"))
        guard quota.role.isEmpty || mount?.entry.mountClass == .auth else {
            throw .invalid("'role' is only for the path of an auth mount")
        }
        if !fields.has("inheritable") { quota.isInheritable = quota.mountPath.isEmpty }
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
