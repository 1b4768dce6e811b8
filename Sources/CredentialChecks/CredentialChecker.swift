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
    private let time: any TimeSource
    private let underWay = Mutex(0)

    /// The number of tests at the same time. Each occupies a connection.
    package static let underWayMax = 32

    /// Creates a checker.
    ///
    /// - Parameter outbound: A client with a time limit of ten seconds and 64 KiB for an answer.
    package init(outbound: any Outbound, time: any TimeSource) {
        self.outbound = outbound
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
        case .postgreSQL, .redis, .noClient: return CheckOutcome(.unknown, .noClient)
        case .none: return CheckOutcome(.unknown, .noProbe)
        }
    }

    /// Tests a credential by a probe.
    package func check(_ value: String, with probe: Probe, patterns: [KeyPattern] = []) async -> CheckOutcome {
        guard let prepared = probe.prepared(with: value, patterns: patterns, at: time.now()) else {
            return CheckOutcome(.unknown, .wrongForm)
        }
        guard begin() else { return CheckOutcome(.unknown, .busy) }
        defer { end() }
        do throws(OutboundError) {
            let reply = try await outbound.send(prepared.request)
            let answer = ProbeAnswer(status: reply.status, body: reply.body)
            var outcome = AnswerRule.outcome(of: answer, by: probe.rules, andUsual: probe.hasUsualRules)
            if outcome.verdict == .valid, let name = answer.name(at: probe.account) {
                outcome.account = CheckOutcome.shownAccount(name, hiding: prepared.secrets)
            }
            return stamped(outcome)
        } catch {
            return stamped(CheckOutcome(.unknown, .init(error)))
        }
    }

    private func stamped(_ outcome: CheckOutcome) -> CheckOutcome {
        var outcome = outcome
        outcome.checkedAt = time.now()
        return outcome
    }

    private func begin() -> Bool {
        underWay.withLock { count in
            guard count < Self.underWayMax else { return false }
            count += 1
            return true
        }
    }

    private func end() { underWay.withLock { $0 -= 1 } }
}

extension CheckOutcome.Reason {
    init(_ error: OutboundError) {
        switch error {
        case .refused(.badHeader): self = .wrongForm
        case .refused(.forbiddenAddress): self = .addressNotAllowed
        case .refused: self = .noProbe
        case .notSent(let fault), .unanswered(let fault):
            switch fault {
            case .unresolved: self = .unresolved
            case .unreachable: self = .unreachable
            case .tlsFailed: self = .tlsFailed
            case .timedOut: self = .timedOut
            case .closed, .malformed: self = .unexpectedAnswer
            case .tooLarge: self = .answerTooLarge
            case .tooMany: self = .busy
            }
        }
    }
}
