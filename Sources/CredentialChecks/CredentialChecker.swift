package import EngineKit
package import Outbound
import Synchronization
import Syntax

/// Tests credentials: whether a provider accepts them.
///
/// The request for each provider is fixed, goes through ``Outbound`` and is judged by rules of the provider. Neither the credential
/// nor a provider's answer is ever logged or returned.
package final class CredentialChecker: Sendable {
    private let outbound: any Outbound
    let resolver: any HostResolver
    /// Which databases may be tested.
    package let reach: DatabaseReach
    private let time: any TimeSource
    private let underWay = Mutex(0)

    /// The number of tests at the same time. Each occupies a connection.
    package static let underWayMax = 32

    /// Creates a checker.
    ///
    /// - Parameters:
    ///   - outbound: A client with a time limit of ten seconds and 64 KiB for an answer.
    ///   - resolver: Finds the addresses of databases.
    ///   - reach: Which databases may be tested.
    package init(
        outbound: any Outbound, resolver: any HostResolver, reach: DatabaseReach = .publicOnly, time: any TimeSource
    ) {
        self.outbound = outbound
        self.resolver = resolver
        self.reach = reach
        self.time = time
    }

    /// Tests a credential.
    ///
    /// - Parameters:
    ///   - provider: The id of the provider. One that nothing is known about gives ``CheckOutcome/Reason/noProbe``.
    ///   - type: The kind of secret, or nil for the provider's usual kind.
    package func check(_ value: String, provider: String, type: SecretType? = nil) async -> CheckOutcome {
        guard let provider = Provider.named(provider) else { return CheckOutcome(.unknown, .noProbe) }
        switch provider.check {
        case .probes:
            guard let probe = provider.probe(for: value, type) else { return CheckOutcome(.unknown, .noProbe) }
            return await check(value, with: probe, patterns: provider.patterns)
        case .webhookSecret:
            let isGood = WebhookSigner(secret: value)?.passesSelfTest(at: time.now()) ?? false
            return stamped(isGood ? CheckOutcome(.valid, .accepted) : CheckOutcome(.invalid, .malformed))
        case .postgreSQL: return await checkPostgreSQL(value)
        case .redis: return await checkRedis(value)
        case .noClient: return CheckOutcome(.unknown, .noClient)
        case .none: return CheckOutcome(.unknown, .noProbe)
        }
    }

    /// Tests a credential by a probe.
    package func check(_ value: String, with probe: Probe, patterns: [KeyPattern] = []) async -> CheckOutcome {
        guard begin() else { return CheckOutcome(.unknown, .busy) }
        defer { end() }
        return stamped(await probe.outcome(for: value, patterns: patterns, through: outbound, at: time.now()))
    }

    func stamped(_ outcome: CheckOutcome) -> CheckOutcome {
        var outcome = outcome
        outcome.checkedAt = time.now()
        return outcome
    }

    func begin() -> Bool {
        underWay.withLock { count in
            guard count < Self.underWayMax else { return false }
            count += 1
            return true
        }
    }

    func end() { underWay.withLock { $0 -= 1 } }
}
