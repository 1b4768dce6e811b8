import Foundation
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
    package func verify(_ token: String, on platform: String) async throws -> Finding {
        guard let profile = catalog[platform], let rule = profile.verify else {
            return Finding(verdict: .unsupported, detail: "the platform's profile has no verify rule")
        }
        var request = OutboundRequest(
            OutboundRequest.Method(rawValue: rule.method) ?? .get, rule.url, allowedHosts: profile.allowedHosts)
        request.headers = profile.headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        if let (name, value) = rule.header.cutUTF8(at: ":") {
            request.headers.append((String(name), value.dropUTF8 { $0 == 0x20 }.replacingUTF8("{token}", with: token)))
        }
        do throws(OutboundError) {
            let reply = try await outbound.send(request)
            if reply.status == rule.status {
                let isRefused = (try? JSON(parsing: reply.body))?["ok"] == .bool(false)
                return Finding(verdict: isRefused ? .refused : .works, detail: "status \(reply.status)")
            }
            let isRefused = reply.status == 401 || reply.status == 403
            return Finding(verdict: isRefused ? .refused : .unknown, detail: "status \(reply.status)")
        } catch {
            return Finding(verdict: .unknown, detail: error.text)
        }
    }
}
