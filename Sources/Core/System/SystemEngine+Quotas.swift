import EngineKit
import Records
import Syntax

extension SystemEngine {
    /// The paths of rate-limit quotas.
    var quotaPaths: [EnginePath] {
        [
            EnginePath("quotas/config", "Reads and changes the settings of all quotas.", fields: QuotaConfiguration.settings.fields)
                .reading("Read the settings.") { _ in .data(quotas.configuration.shown) }
                .updatingWithoutAnswer("Change the settings.") { try await quotas.configure($0.fields) },
            EnginePath("quotas/rate-limit", "Lists the rate-limit quotas.", fields: Paging.fields)
                .listing("List quotas.") { try .keys(Paging($0.fields).page(of: quotas.names)) },
            EnginePath(
                "quotas/rate-limit/{name}", "Reads, writes and deletes a rate-limit quota.",
                details:
                    "Only the most specific quota that matches a request counts it: by role, then path, then mount, then for all requests.",
                fields: Self.quotaFields, exists: { quotas.quota($0.captures["name"]) != nil }
            )
            .reading("Read a quota.") { request in
                guard let quota = quotas.quota(request.captures["name"]) else { throw CofferError.notFound }
                return .data(quota.shown)
            }
            .updatingWithoutAnswer("Create or replace a quota.") { try await quotas.write(try quota($0)) }
            .deleting("Delete a quota.") { try await quotas.delete($0.captures["name"]) },
        ]
    }

    private static let quotaFields =
        [
            Field("name", .string, "Name of the quota."),
            Field("type", .string, default: "rate-limit", "Type of the quota, which is rate-limit."),
            Field(
                "path", .string, default: "",
                "Path of a mount, or a path in a mount with an optional * at its end; empty for all requests."),
        ] + RateLimitQuota.settings.fields

    private func quota(_ request: Request) throws(CofferError) -> RateLimitQuota {
        let fields = request.fields
        guard fields.text("type") == "rate-limit" else { throw .invalid("field 'type' must be \"rate-limit\"") }
        var quota = RateLimitQuota(name: request.captures["name"], rate: 0)
        try quota.update(fields)
        if quota.interval == 0 { quota.interval = 1 }
        let mount = try place(&quota, fields.text("path"))
        guard quota.role.isEmpty || mount?.entry.mountClass == .auth else {
            throw .invalid("'role' may only be set if 'path' is the path of an auth mount, such as auth/approle")
        }
        if !fields.has("inheritable") { quota.isInheritable = quota.mountPath.isEmpty }
        guard !quota.isInheritable || quota.mountPath.isEmpty else {
            throw .invalid("only namespace quotas can be configured as inheritable")
        }
        return quota
    }

    /// Sets the quota's mount and the path in it. Returns the mount, or nil for a quota of all requests. Throws if no mount
    /// contains the path.
    private func place(_ quota: inout RateLimitQuota, _ text: String) throws(CofferError) -> Mount? {
        guard !text.isEmpty, text != "/" else { return nil }
        let canonical = try Self.canonicalPath(text, as: "'path'")
        guard !canonical.text.dropLastUTF8().containsUTF8("*") else { throw .invalid("'path' may have '*' at its end only") }
        guard let (mount, relative) = mounts.router.route(canonical.text) else {
            throw .invalid("invalid mount path \"\(canonical.text)\"")
        }
        quota.mountPath = mount.entry.path
        quota.suffix = String(relative)
        return mount
    }
}
