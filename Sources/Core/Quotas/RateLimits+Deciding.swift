import EngineKit
import Syntax

extension RateLimits {
    /// A request that a quota is for.
    struct Decision: Sendable {
        var verdict: ClientBuckets.Verdict
        var recordsRefusals: Bool
        var showsHeaders: Bool
    }

    /// Says nothing of the path, which may hold a token by mistake.
    static func exceeded(_ verdict: ClientBuckets.Verdict, at now: Timestamp) -> CofferError {
        var error = CofferError(.rateLimited, "rate limit quota exceeded")
        error.retryAfter = verdict.secondsLeft(at: now)
        return error
    }

    /// Asked before anything of the request is parsed. Only a login on a mount whose quotas name roles has its body read, for
    /// the role; a body that cannot be read names none and is counted by the other quotas.
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
    /// At least 1, rounded up.
    func secondsLeft(at now: Timestamp) -> Int { max(1, resetsAt.secondsRoundedUp(since: now)) }

    /// As Vault writes them; the reset is in Unix seconds.
    var headers: [(name: String, value: String)] {
        [
            ("x-ratelimit-limit", String(limit)), ("x-ratelimit-remaining", String(remaining)),
            ("x-ratelimit-reset", String(resetsAt.secondsRoundedUp(since: Timestamp(seconds: 0)))),
        ]
    }
}
