import EngineKit
import Syntax

extension RateLimits {
    /// The result of counting a request against its quota, and how a refusal is reported.
    struct Decision: Sendable {
        var verdict: ClientBuckets.Verdict
        var recordsRefusals: Bool
        var showsHeaders: Bool
    }

    /// Returns the error for a request beyond its quota. It does not name the path, which may contain a token by mistake.
    static func exceeded(_ verdict: ClientBuckets.Verdict, at now: Timestamp) -> CofferError {
        var error = CofferError(.rateLimited, "rate limit quota exceeded")
        error.retryAfter = verdict.secondsLeft(at: now)
        return error
    }

    /// Counts a request against the quota that covers it; nil if none does. Runs before the request is parsed, except that the body
    /// of a login is read for its role if a quota of the mount names a role. A body that cannot be parsed names no role.
    func decide(_ request: CoreRequest, _ path: CanonicalPath, services: Services, jsonLimits: JSONLimits) async -> Decision? {
        let router = services.mounts.router
        let taken = await take(path, mounts: router, client: request.connection.remoteAddress) {
            guard request.operation == .update, let (mount, relative) = router.route(path.text), let method = mount.roleNaming,
                let body = try? JSON(parsing: request.body, limits: jsonLimits)
            else { return nil }
            return try? await method.loginRole(relative, body.objectValue ?? JSONObject())
        }
        return taken.map { taken in
            Decision(
                verdict: taken.verdict, recordsRefusals: taken.configuration.recordsRefusals,
                showsHeaders: taken.configuration.showsHeaders)
        }
    }
}

extension ClientBuckets.Verdict {
    /// Returns the seconds until the count starts again, rounded up; at least 1.
    func secondsLeft(at now: Timestamp) -> Int { max(1, resetsAt.secondsRoundedUp(since: now)) }

    /// The `X-Ratelimit-` headers as Vault has them. The reset is in Unix seconds.
    var headers: [(name: String, value: String)] {
        [
            ("x-ratelimit-limit", String(limit)), ("x-ratelimit-remaining", String(remaining)),
            ("x-ratelimit-reset", String(resetsAt.secondsRoundedUp(since: Timestamp(seconds: 0)))),
        ]
    }
}
