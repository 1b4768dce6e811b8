package import CredentialChecks
import EngineKit
package import Outbound
package import Syntax

/// Asks a platform whether a token or key works, by the `verify` rule of its profile.
package struct PlatformVerifier: Sendable {
    /// What the platform says about the token.
    package enum Verdict: String, Sendable {
        case works
        case refused
        /// The platform could not be reached or answered unexpectedly, which says nothing about the token.
        case unknown
        /// The platform's profile has no `verify` rule.
        case unsupported
    }

    /// The result of a check.
    package struct Finding: Sendable, Hashable {
        /// What the platform says about the token.
        package var verdict: Verdict
        /// The platform's status code, or why there is none.
        package var detail: String

        /// The finding as the API returns it.
        package var shown: JSONObject { ["result": .string(verdict.rawValue), "detail": .string(detail)] }
    }

    private let catalog: PlatformCatalog
    private let outbound: any Outbound

    /// Creates a verifier.
    package init(catalog: PlatformCatalog, outbound: any Outbound) {
        self.catalog = catalog
        self.outbound = outbound
    }

    /// Sends the token to the platform's verification URL and returns what its answer means.
    package func verify(_ token: String, on platform: String) async -> Finding {
        guard let probe = catalog[platform]?.probe else {
            return Finding(verdict: .unsupported, detail: "the platform's profile has no verify rule")
        }
        // Rules of profiles sign nothing, so the time has no effect.
        let outcome = await probe.outcome(for: token, through: outbound, at: Timestamp(seconds: 0))
        let detail = outcome.status.map { "status \($0)" } ?? outcome.fault?.text ?? outcome.reason.text
        switch outcome.verdict {
        case .valid, .restricted: return Finding(verdict: .works, detail: detail)
        case .invalid: return Finding(verdict: .refused, detail: detail)
        case .unknown: return Finding(verdict: .unknown, detail: detail)
        }
    }
}

extension PlatformProfile {
    /// The request of the `verify` rule and what its answers mean, or nil if the profile has none.
    ///
    /// The expected status is a working token, unless the body has `"ok": false`, as that of Slack does; 401 and 403 are a refused
    /// one, and everything else says nothing.
    package var probe: Probe? {
        guard let verify, let (name, template) = verify.header.cutUTF8(at: ":") else { return nil }
        let status = verify.status
        return Probe(
            OutboundRequest.Method(rawValue: verify.method) ?? .get, verify.url,
            by: .template(String(name), String(template.dropUTF8 { $0 == 0x20 })),
            headers: headers.sorted { $0.key < $1.key }.map { Probe.Header($0.key, $0.value) },
            rules: [
                .oneOf(status, ["error"], in: ["ratelimited", "rate_limited"], means: .unknown, because: .rateLimited),
                .equal(status, ["ok"], is: false, means: .invalid, because: .rejected), .status(status, .valid, because: .accepted),
                .status(401, .invalid, because: .rejected), .status(403, .invalid, because: .rejected),
            ], hasUsualRules: false, allowedHosts: allowedHosts)
    }
}
